# message: Your flow returned list where results should be
from prefect import flow


@flow(validate_parameters=False)
def three_at_a_time(indexes, seconds):
    nested = []
    for _ in range(200):
        nested = [nested]
    return nested
