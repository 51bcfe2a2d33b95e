# message: does not take the arguments of the exercise
from prefect import flow


@flow
def three_at_a_time():
    return []
