# message: task runs have no tag
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def one(index, seconds):
    return ask(index, seconds)


@task(tags=["database"])
def limited_query(indexes, seconds):
    return one.map(indexes, unmapped(seconds)).result()


@flow
def three_at_a_time(indexes, seconds):
    return limited_query(indexes, seconds)
