# message: is in a block\. It should show up nowhere
import os

from prefect import flow
from prefect.blocks.core import Block
from sqlalchemy.engine import make_url


class Database(Block):
    url: str


@flow(log_prints=True)
def connect():
    Database(url=os.environ["DATABASE_URL"]).save("shop", overwrite=True)
    return make_url(Database.load("shop").url).host
