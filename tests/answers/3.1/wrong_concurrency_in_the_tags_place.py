# message: None of your task runs has the tag 'database'.*did take slots of its limit, with `concurrency\(\)`
from prefect import flow, task, unmapped
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def limited_query(index, seconds):
    with concurrency("tag:database", strict=True):
        return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    return limited_query.map(indexes, unmapped(seconds)).result()
