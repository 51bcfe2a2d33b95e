# message: Query \d+ failed, but your flow ended Completed.*an .except. that doesn't raise it again
from prefect import flow, get_run_logger, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    for future in futures:
        try:
            future.result()
        except Exception as error:
            get_run_logger().warning("skipped: %s", error)
    return "all done"
