# message: call `.result\(\)` on it
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words))
