"""Prefect: `concurrency()` around the lines that need a slot; `prefect gcl create sessions --limit 3`."""

from prefect import flow, task
from prefect.concurrency.sync import concurrency
from timed import TWENTY, query


@task
def one_query(index):
    with concurrency("sessions", strict=True):
        return query(index)


@flow
def queries():
    return one_query.map(TWENTY).result()


if __name__ == "__main__":
    queries()
