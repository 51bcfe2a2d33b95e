from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(index, seconds):
    return len(query.submit(index, seconds).result())


@flow
def counts(indexes, seconds):
    return [report(index, seconds) for index in indexes]
