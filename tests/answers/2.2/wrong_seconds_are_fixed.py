# message: was told to take 0.5 s. The flow's argument `seconds` was 0.1
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, words):
    return [len(ask(index, 0.5)), words]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(words)).result()
