# message: not a flow: put @flow above it
from prefect import task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


def first_flow(index, seconds):
    return query(index, seconds)
