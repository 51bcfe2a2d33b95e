from prefect import flow, task, unmapped

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
    rows = extract.map(indexes, unmapped(seconds))
    numbers = transform.map(rows)
    return load.map(numbers, unmapped(seconds)).result()
