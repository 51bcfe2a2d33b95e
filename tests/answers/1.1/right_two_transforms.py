from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(rows):
    return len(rows)


@task
def modulo(number):
    return number % 20


@flow
def chain(index, seconds):
    return query(modulo(count(query(index, seconds))), seconds)
