# message: a task that is called instead of submitted
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chains(indexes, seconds):
    rows = [extract.submit(index, seconds) for index in indexes]
    numbers = [transform(row) for row in rows]
    loads = [load.submit(number, seconds) for number in numbers]
    return [future.result() for future in loads]
