# message: A query of batch 2 began before batch 1 had ended|At most \d of the \d queries of a batch
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = {}
    step = -(-len(indexes) // size)
    for first in range(step):
        batch = indexes[first::step]
        futures = [query.submit(index, seconds) for index in batch]
        rows |= {index: future.result() for index, future in zip(batch, futures)}
    return [rows[index] for index in indexes]
