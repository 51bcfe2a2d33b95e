from prefect import flow, task, unmapped

from workbook.work import ask


def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(index, seconds):
    return len(query(index, seconds))


@flow
def counts(indexes, seconds):
    return report.map(indexes, unmapped(seconds)).result()
