# message: It used the one of the run before: keep nothing
import functools
import os

from prefect import flow
from sqlalchemy import make_url


@functools.cache
def url():
    return make_url(os.environ["DATABASE_URL"])


@flow
def connect():
    return url().host
