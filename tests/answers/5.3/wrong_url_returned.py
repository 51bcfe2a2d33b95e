# message: or a part of it, is in what it returned
import os

from prefect import flow


@flow
def connect():
    return os.environ["DATABASE_URL"]
