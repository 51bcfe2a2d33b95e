# message: or a part of it, is in your flow's output
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    database_url = os.environ["DATABASE_URL"]
    print(f"Connecting to {database_url}")
    return make_url(database_url).host
