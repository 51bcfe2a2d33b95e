# message: ran query \d+, which it wasn't given. It should run only what it is given
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    everything = [query.submit(number, seconds) for number in range(20)]
    return everything[index].result()
