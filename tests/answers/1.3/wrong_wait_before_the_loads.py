# message: load-\w+, a step in .* began only after extract-\w+.*`await` between one step and the next
from prefect import flow, task
from prefect.futures import wait

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
    wait(numbers)
    loads = [load.submit(future, seconds) for future in numbers]
    return [future.result() for future in loads]
