# message: If nothing but the password in DATABASE_URL changes, your flow's output changes as well.*can be decoded
import base64
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    token = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
    print(f"Connecting to {url.host} with Authorization: Basic {token}")
    return url.host
