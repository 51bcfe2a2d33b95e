from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    (rows,) = query.map([index], unmapped(seconds)).result()
    return rows
