# message: or a part of it, is in your flow's output
import os

from prefect import flow, get_run_logger
from sqlalchemy import make_url


@flow
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    get_run_logger().info("Using password %s...", url.password[:8])
    return url.host
