# message: is in a result that Prefect keeps in a file
import os

from prefect import flow, task
from sqlalchemy import make_url


@task(persist_result=True)
def address():
    return os.environ["DATABASE_URL"]


@flow
def connect():
    return make_url(address()).host
