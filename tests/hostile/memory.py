# message: more than \d+ GB of memory|MemoryError
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    return "x" * (64 * 1024**3)
