from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    return query.map(indexes, durations).result()
