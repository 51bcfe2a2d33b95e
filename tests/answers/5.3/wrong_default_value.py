# message: Without DATABASE_URL your flow would still connect to 'db\.example'.*A default is a cred
import os

from prefect import flow
from sqlalchemy import make_url


@flow
def connect():
    return make_url(os.getenv("DATABASE_URL", "postgresql://shop:tulips-in-may@db.example/shop")).host
