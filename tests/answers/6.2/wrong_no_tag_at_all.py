# message: ran in a task run without the tag 'ledger'.*no limit either
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def report(index, seconds):
    return len(query(index, seconds))


@flow
def counts(indexes, seconds):
    futures = [report.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
