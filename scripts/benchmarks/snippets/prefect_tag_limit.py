"""Prefect: a tag limit. The server holds it; `prefect gcl create tag:database --limit 3`."""

from prefect import flow, task
from timed import TWENTY, query


@task(tags=["database"])
def one_query(index):
    return query(index)


@flow
def queries():
    return one_query.map(TWENTY).result()


if __name__ == "__main__":
    queries()
