# message: is in the file 'connect\.log', which your flow has left.*Anyone who gets the file
import logging
import os

from prefect import flow
from sqlalchemy import make_url

log = logging.getLogger("connect")
log.setLevel(logging.INFO)
log.propagate = False


@flow
def connect():
    database_url = os.environ["DATABASE_URL"]
    if not log.handlers:
        log.addHandler(logging.FileHandler("connect.log"))
    log.info("Connecting to %s", database_url)
    return make_url(database_url).host
