from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task
def report(rows):
    return len(rows)


@flow
def all_rows(indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@flow
def counts(indexes, seconds):
    return report.map(all_rows(indexes, seconds)).result()
