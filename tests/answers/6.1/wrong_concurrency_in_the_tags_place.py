# message: task runs have no tag.*did take slots of its limit, with `concurrency\(\)`
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task(tags=["reporting"])
def order_query(index, seconds):
    return ask(index, seconds)


@task
def review_query(index, seconds):
    with concurrency("tag:reporting", occupy=1):
        return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    futures = [order_query.submit(index, seconds) for index in orders]
    futures += [review_query.submit(index, seconds) for index in reviews]
    return [future.result() for future in futures]
