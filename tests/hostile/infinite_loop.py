# message: still busy after 8 s: is a loop endless.*line \d+ in three_at_a_time, `(count \+= 1|while True:)`
# seconds: 8
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    count = 0
    while True:
        count += 1
