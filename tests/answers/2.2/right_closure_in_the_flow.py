from prefect import flow, task

from workbook.work import ask


@flow
def with_words(indexes, seconds, words):
    @task
    def pair(index):
        return len(ask(index, seconds)), words

    return pair.map(indexes).result()
