# message: ended Python itself, with SystemExit
import os
import sys

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = os.environ.get("DATABASE_URL")
    if url is None:
        sys.exit("DATABASE_URL is not set")
    return make_url(url).host
