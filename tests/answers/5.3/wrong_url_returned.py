# message: or a part of it, is in your flow's result
import os

from prefect import flow


@flow
def connect():
    return os.environ["DATABASE_URL"]
