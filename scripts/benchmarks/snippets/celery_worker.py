"""Celery: a worker with three processes; `celery -A celery_worker worker --concurrency 3`."""

from celery import Celery, group
from timed import TWENTY, query

app = Celery("celery_worker")


@app.task
def one_query(index):
    return query(index)


if __name__ == "__main__":
    rows = group(one_query.s(index) for index in TWENTY)().get()
