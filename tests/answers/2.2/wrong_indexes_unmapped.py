# message: returned 1 result
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index[0], seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return [count(unmapped(indexes).value, seconds, words)]
