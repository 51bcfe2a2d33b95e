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


@task
def whole(index, seconds):
    return load(transform(extract(index, seconds)), seconds)


@flow
def chains(indexes, seconds):
    futures = [whole.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
