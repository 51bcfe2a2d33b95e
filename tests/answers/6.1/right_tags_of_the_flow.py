from prefect import flow, tags, task

from workbook.work import ask


@task
def order_query(index, seconds):
    return ask(index, seconds)


@task
def review_query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    with tags("reporting"):
        first = [order_query.submit(index, seconds) for index in orders]
        second = [review_query.submit(index, seconds) for index in reviews]
    return [future.result() for future in first + second]
