# message: At most 1 of \d task runs ran at once.*Submit every one before
from prefect import flow, task

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return list(map(lambda index: count(index, seconds, words), indexes))
