# message: would connect to 'localhost'.*or one that was read when the code was loaded
import os

from prefect import flow
from sqlalchemy import make_url

FROM_ENVIRONMENT = os.getenv("DATABASE_URL", "postgresql://nobody@localhost/none")


@flow(log_prints=True)
def connect(database_url=FROM_ENVIRONMENT):
    return make_url(database_url).host
