# message: The password in DATABASE_URL, or a part of it, is in the tags of a task run
import os

from prefect import flow, tags, task
from sqlalchemy import make_url


@task
def host():
    return make_url(os.environ["DATABASE_URL"]).host


@flow
def connect():
    with tags(os.environ["DATABASE_URL"]):
        return host()
