from functools import partial

from prefect import flow, task

from workbook.work import ask


class Pipeline:
    def __init__(self, seconds):
        self.ask = partial(ask, seconds=seconds)

    @task
    def extract(self, index):
        return self.ask(index)

    @task
    def transform(self, rows):
        return sum(1 for _ in rows) % 20

    @task
    def load(self, number):
        return self.ask(number)


@flow
def chain(index, seconds):
    pipeline = Pipeline(seconds)
    return pipeline.load(pipeline.transform(pipeline.extract(index)))
