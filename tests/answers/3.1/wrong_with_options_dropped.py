# message: None of your task runs has the tag 'database'.*with_options.*returns a new one
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    limited_query.with_options(tags=["database"])
    return limited_query.map(indexes, unmapped(seconds)).result()
