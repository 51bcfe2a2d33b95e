from functools import partial

from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


class Night:
    def __init__(self, seconds):
        self.query = task(partial(ask, seconds=seconds), name="query")
        self.futures = {}

    def start(self, index):
        self.futures[self.query.submit(index)] = index

    def all_heard(self):
        for future in as_completed(list(self.futures)):
            future.result()


@task
def announce(text):
    print(text)
    return text


@flow
def all_done(indexes, seconds):
    night = Night(seconds)
    for index in indexes:
        night.start(index)
    night.all_heard()
    return announce("all done")
