# message: At most 1 of your tasks ran at once.*a task that is called instead of submitted
from prefect import flow, task

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return list(map(lambda index: count(index, seconds, words), indexes))
