# message: The password in DATABASE_URL, or a part of it, is in an artifact
import os

from prefect import flow
from prefect.artifacts import create_table_artifact
from sqlalchemy import make_url


@flow
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    create_table_artifact([{"host": url.host, "user": url.username, "password": url.password}], key="database")
    return url.host
