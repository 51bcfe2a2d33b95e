# message: or a part of it, is in the state of a subflow run
import logging
import os

from prefect import flow
from prefect.states import Completed
from sqlalchemy import make_url

logging.getLogger("prefect.flow_runs").setLevel("ERROR")


@flow
def opened():
    return Completed(message=f"opened {os.environ['DATABASE_URL']}")


@flow
def connect():
    opened(return_state=True)
    return make_url(os.environ["DATABASE_URL"]).host
