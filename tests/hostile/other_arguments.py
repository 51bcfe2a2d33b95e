# message: doesn't accept the exercise's arguments
from prefect import flow


@flow
def three_at_a_time():
    return []
