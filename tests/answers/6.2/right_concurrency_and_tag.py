from dataclasses import dataclass

from prefect import flow, get_run_logger, task
from prefect.futures import wait

from workbook.work import ask


@dataclass
class Report:
    index: int
    seconds: float

    def rows(self):
        return query(self.index, self.seconds)


@task(tags=["ledger"], task_run_name="asks-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def report(index, seconds):
    return len(Report(index, seconds).rows())


@task
def log_counts(found):
    get_run_logger().info("%s", found)


@flow
def counts(indexes, seconds):
    futures = [report.submit(index, seconds) for index in indexes]
    wait(futures)
    found = [future.result() for future in futures]
    log_counts(found)
    return found
