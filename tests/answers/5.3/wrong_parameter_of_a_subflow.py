# message: is in the parameters of a subflow run
import os

from prefect import flow
from sqlalchemy import make_url


@flow
def host_of(database_url):
    return make_url(database_url).host


@flow
def connect():
    return host_of(os.environ["DATABASE_URL"])
