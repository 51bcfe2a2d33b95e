# message: right results (in another order|in the order in which your tasks ended|sorted by the number of their query): the end of the chain of query \d+ is at place \d
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
    numbers = [transform.submit(future) for future in rows]
    loads = [load.submit(number, seconds) for number in [*numbers[1:], numbers[0]]]
    return [future.result() for future in loads]
