from functools import partial

from prefect import flow, task

from workbook.work import ask


class Database:
    def __init__(self, seconds):
        self.seconds = seconds

    @task
    def rows(self, index):
        return ask(index, self.seconds)


@flow
def together(run, indexes):
    return [future.result() for future in [run(index) for index in indexes]]


@flow
def all_at_once(indexes, seconds):
    database = Database(seconds)
    return together.with_options(validate_parameters=False)(partial(Database.rows.submit, database), indexes)
