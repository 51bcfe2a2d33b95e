import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print(f"Connecting to {url.host}")
    return url.host
