import os

from prefect import flow, task
from sqlalchemy.engine import make_url


@task
def open_connection(url):
    return make_url(url)


@flow
async def connect():
    url = os.environ.get("DATABASE_URL") or None
    if url is None:
        raise ValueError("Set DATABASE_URL first.")
    return open_connection(url).host
