# message: In what your flow returned, `\[\d\]` is a list of 1\. It should be one of 2
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds))]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
