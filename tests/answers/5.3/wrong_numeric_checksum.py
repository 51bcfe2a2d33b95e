# message: nothing but the password in DATABASE_URL changes
import os
import zlib

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    print("checksum of the password:", zlib.crc32(url.password.encode()))
    return url.host
