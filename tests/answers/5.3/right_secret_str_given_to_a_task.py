import logging
import os
from dataclasses import dataclass, field
from urllib.parse import urlparse

from prefect import flow, get_run_logger, task
from pydantic import SecretStr


@dataclass(frozen=True)
class Database:
    url: SecretStr = field(repr=False)

    @classmethod
    def from_environment(cls):
        try:
            return cls(SecretStr(os.environ["DATABASE_URL"]))
        except KeyError:
            raise LookupError("DATABASE_URL is not set") from None

    @property
    def host(self):
        return urlparse(self.url.get_secret_value()).hostname


@task
def host_of(database: Database) -> str:
    get_run_logger().log(logging.INFO, "asked for the host of %r", database)
    return database.host


@flow(log_prints=True)
def connect():
    host = host_of(Database.from_environment())
    print("DATABASE_URL is set; its host is", host)
    return host
