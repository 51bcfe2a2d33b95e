# message: ended its own process \(exit code 0\)
import os

from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    os._exit(0)
