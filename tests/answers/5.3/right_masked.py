import os
from urllib.parse import urlsplit

from prefect import flow, task
from sqlalchemy import make_url


def database():
    try:
        return os.environ["DATABASE_URL"]
    except KeyError:
        raise RuntimeError("DATABASE_URL is not set: export it before the flow runs.") from None


@task
def host_of():
    return urlsplit(database()).hostname


@flow(log_prints=True)
def connect(user=None):
    print("Connecting to", make_url(database()).render_as_string(hide_password=True), "as", repr(make_url(database())))
    return host_of.submit().result()
