# message: That was the host of the run before: don't keep it
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
