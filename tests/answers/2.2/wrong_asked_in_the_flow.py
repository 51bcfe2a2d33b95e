# message: Query \d+ ran outside any task run
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def pair(rows, words):
    return [len(rows), words]


@flow
def with_words(indexes, seconds, words):
    rows = [ask(index, seconds) for index in indexes]
    return pair.map(rows, unmapped(words)).result()
