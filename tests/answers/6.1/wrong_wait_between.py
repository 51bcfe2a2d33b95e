# message: submitted early but waited for each other: look for `wait_for=`
from prefect import flow, task

from workbook.work import ask


@task(tags=["reporting"])
def order_query(index, seconds):
    return ask(index, seconds)


@task(tags=["reporting"])
def review_query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    first = [order_query.submit(index, seconds) for index in orders]
    second = [review_query.submit(index, seconds, wait_for=first) for index in reviews]
    return [future.result() for future in first + second]
