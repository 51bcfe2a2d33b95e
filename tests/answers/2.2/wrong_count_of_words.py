# message: returned \[\[\d+, [456]\], .*\. It should return
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), len(words)]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
