# message: In what your flow returned, `\[0\]\[1\]` is \d+\. It should be
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), len(words)]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
