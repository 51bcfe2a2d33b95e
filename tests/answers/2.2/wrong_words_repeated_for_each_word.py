# message: deal out lists of different lengths\. This run had \d queries and \d words\..*`unmapped\(\)`
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), [words] * len(words)).result()
