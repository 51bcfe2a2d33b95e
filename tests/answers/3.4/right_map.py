from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def shared(indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()
