# message: still busy after 8 s: is a loop endless.*line \d+ in three_at_a_time, `while True: count \+= 1
# seconds: 8
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    count = 0
    while True: count += 1  # noqa: E701  # fmt: skip
