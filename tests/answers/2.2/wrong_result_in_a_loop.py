# message: At most 1 of your tasks ran at once.*look for `.result\(\)` inside the loop
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return [count.map([index], seconds, unmapped(words)).result()[0] for index in indexes]
