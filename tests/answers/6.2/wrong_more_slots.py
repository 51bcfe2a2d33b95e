# message: The limit on 'ledger' was 1, and after your flow it is 10
from prefect import flow, task

from workbook.limits import ensure_limit
from workbook.work import ask

TAG = "ledger"


@task(tags=[TAG])
def query(index, seconds):
    return ask(index, seconds)


@task(tags=[TAG])
def report(index, seconds):
    return len(query(index, seconds))


@flow
def counts(indexes, seconds):
    ensure_limit(TAG, 10)
    futures = [report.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
