# message: Your flow returned int where results should be
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    return 10**10_000
