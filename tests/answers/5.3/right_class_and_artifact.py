import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact


@dataclass(frozen=True)
class Database:
    url: str = field(repr=False)

    @classmethod
    def of_the_environment(cls):
        if "DATABASE_URL" not in os.environ:
            raise LookupError("DATABASE_URL is not set")
        return cls(os.environ["DATABASE_URL"])

    @property
    def host(self):
        return urlsplit(self.url).hostname


@task
def note_down(host):
    create_markdown_artifact(f"Connected to `{host}`.", key="connection")


@flow
def where(database_is_set: bool):
    return Database.of_the_environment().host


@flow(log_prints=True)
def connect():
    database = Database.of_the_environment()
    print(database)
    note_down(database.host)
    return where(True)
