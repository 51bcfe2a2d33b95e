from dataclasses import dataclass
from functools import partial

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@dataclass
class Asked:
    future: object

    @classmethod
    def all(cls, submit, *columns):
        return [cls(submit(*row)) for row in zip(*columns, strict=True)]

    def rows(self):
        return self.future.result()


query = task(partial(ask), name="query", tags=["shop"])


@flow(task_runner=ThreadPoolTaskRunner(max_workers=8))
def in_order(indexes, durations):
    return list(map(Asked.rows, Asked.all(query.submit, indexes, durations)))
