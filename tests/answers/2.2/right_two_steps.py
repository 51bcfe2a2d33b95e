from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def pair(rows, words):
    return [len(rows), words]


@flow
def with_words(indexes, seconds, words):
    rows = query.map(indexes, seconds=unmapped(seconds))
    return pair.map(rows, words=unmapped(words)).result()
