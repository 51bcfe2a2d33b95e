# message: or a part of it, is in your flow's output
import os

from prefect import flow
from sqlalchemy import make_url


@flow
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print(f"password: {url.password[:3]}{'*' * 8}")
    return url.host
