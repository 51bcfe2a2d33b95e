# message: right results in another order
from prefect import flow, task, unmapped
from prefect.futures import as_completed

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    futures = count.map(indexes, unmapped(seconds), unmapped(words))
    return [future.result() for future in as_completed(futures)]
