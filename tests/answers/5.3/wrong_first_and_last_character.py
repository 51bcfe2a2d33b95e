# message: If nothing but the password in DATABASE_URL changes, your flow's output changes as well.*A single character
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    password = url.password
    masked = password[0] + "*" * (len(password) - 2) + password[-1]
    print(f"Connecting to {url.host} as {url.username}:{masked}")
    return url.host
