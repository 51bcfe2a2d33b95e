# message: transform-\w+, a step in .* began only after extract-\w+, .*`await` between one step and the next
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
    futures = [extract.submit(index, seconds) for index in indexes]
    extracted = [future.result() for future in futures]
    futures = [transform.submit(rows) for rows in extracted]
    numbers = [future.result() for future in futures]
    futures = [load.submit(number, seconds) for number in numbers]
    return [future.result() for future in futures]
