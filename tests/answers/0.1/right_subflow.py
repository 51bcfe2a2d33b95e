from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def inner(number, how_long):
    return query(number, how_long)


@flow
def first_flow(index, seconds):
    return inner(index, how_long=seconds)
