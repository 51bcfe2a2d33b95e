# message: The password in DATABASE_URL, or a part of it, is in a variable
import os

from prefect import flow
from prefect.variables import Variable
from sqlalchemy import make_url


@flow
def connect():
    Variable.set("database_url", os.environ["DATABASE_URL"], overwrite=True)
    return make_url(os.environ["DATABASE_URL"]).host
