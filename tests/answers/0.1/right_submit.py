from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(name="my very first")
def first_flow(index, seconds):
    future = query.submit(index, seconds)
    return future.result()
