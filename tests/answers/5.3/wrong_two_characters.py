# message: The first two characters of the password are in your flow's output
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print(f"Connecting to {url.host} with the password {url.password[:2]}***")
    return url.host
