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
def first_half(index, seconds):
    rows = extract.submit(index, seconds)
    return transform.submit(rows, wait_for=[rows]).result()


@flow
def chain(index, seconds):
    return load(first_half(index, seconds), seconds)
