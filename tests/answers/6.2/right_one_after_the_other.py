from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(rows):
    return len(rows)


@flow
def counts(indexes, seconds):
    rows = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in [report.submit(found) for found in rows]]
