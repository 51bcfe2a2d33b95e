from prefect import flow, task

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@task
def collect(futures):
    return list(futures)


@flow
def with_words(indexes, seconds, words):
    futures = count.map(indexes, [seconds] * len(indexes), [words for _ in indexes])
    return collect(futures)
