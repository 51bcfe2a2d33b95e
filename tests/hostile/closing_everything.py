# message: ended its own process|line on which its results are sent|raised
import os

from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    os.closerange(0, 200)
    return []
