"""Prefect: a task runner of three threads."""

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner
from timed import TWENTY, query


@task
def one_query(index):
    return query(index)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def queries():
    return one_query.map(TWENTY).result()


if __name__ == "__main__":
    queries()
