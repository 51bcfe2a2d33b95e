# message: At most [12] of your tasks( with the tag '\w+')? ran at once\. It should have been 3
# fair: the second report begins when the first is complete: the limit of 3 is used, but not to the full
from prefect import flow, task

from workbook.work import ask


@task(tags=["reporting"])
def query(index, seconds):
    return ask(index, seconds)


def report(indexes, seconds):
    return [future.result() for future in [query.submit(index, seconds) for index in indexes]]


@flow
def both_reports(orders, reviews, seconds):
    return report(orders[:-1], seconds) + report(orders[-1:], seconds) + report(reviews, seconds)
