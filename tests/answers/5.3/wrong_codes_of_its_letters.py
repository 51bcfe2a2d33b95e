# message: nothing but the password in DATABASE_URL changes
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print("password as codes:", [ord(letter) for letter in url.password])
    return url.host
