from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    futures = count.map(index=indexes, seconds=seconds, words=unmapped(words))
    return [future.result() for future in futures]
