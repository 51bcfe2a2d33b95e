from functools import partial

from prefect import flow, get_run_logger, task

from workbook.work import ask

query = task(ask, name="query").with_options(tags=["reporting"])
orders_query, reviews_query = (query.with_options(name=name) for name in ("orders", "reviews"))


@task
def log_sizes(*lists):
    get_run_logger().info("sizes: %s", [len(one) for one in lists])


def submitted(one, indexes, seconds):
    return list(map(partial(one.submit, seconds=seconds), indexes))


@flow
def both_reports(orders, reviews, seconds):
    log_sizes(orders, reviews)
    futures = submitted(orders_query, orders, seconds) + submitted(reviews_query, reviews, seconds)
    return [future.result() for future in futures]
