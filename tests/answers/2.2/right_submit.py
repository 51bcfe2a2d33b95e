from prefect import flow, task

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    futures = [count.submit(index, seconds, words) for index in indexes]
    return [future.result() for future in futures]
