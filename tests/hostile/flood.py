# message: Your flow ended .*File too large|raised OSError
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    while True:
        print("a flood of output " * 10_000, flush=True)
