import numpy as np
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return np.mod(len(rows), 20)


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)), seconds)
