# message: returned \[.*It should return
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds))]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
