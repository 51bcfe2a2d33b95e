import numpy as np
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    return query.map(np.asarray(indexes), unmapped(seconds)).result()
