import os

from prefect import flow, get_run_logger
from sqlalchemy import make_url


@flow
def connect():
    database_url = os.getenv("DATABASE_URL")
    get_run_logger().info("DATABASE_URL is %s", "set" if database_url else "not set")
    return make_url(database_url).host
