# message: got None\. It should complete, since DATABASE_URL is set\. If your flow found no URL: Python runs default arguments.*Read it inside the flow
import os

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect(database_url=os.getenv("DATABASE_URL")):
    url = make_url(database_url)
    print(f"Connecting to {url.host}")
    return url.host
