import numpy as np
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for batch in np.split(np.array(indexes), range(size, len(indexes), size)):
        rows += query.map(list(batch), unmapped(seconds)).result()
    return rows
