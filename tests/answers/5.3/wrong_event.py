# message: is in an event on the Prefect server
import os

from prefect import flow
from prefect.events import emit_event
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    emit_event("shop.connected", {"prefect.resource.id": "shop.database"}, payload={"url": os.environ["DATABASE_URL"]})
    return url.host
