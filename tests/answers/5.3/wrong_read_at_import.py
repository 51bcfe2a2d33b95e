# message: can't be loaded: KeyError: 'DATABASE_URL' in line \d+\. 'DATABASE_URL' isn't set yet when the code is loaded: read it inside
import os

from prefect import flow
from sqlalchemy import make_url

DATABASE_URL = os.environ["DATABASE_URL"]


@flow(log_prints=True)
def connect():
    url = make_url(DATABASE_URL)
    print(f"Connecting to {url.host}")
    return url.host
