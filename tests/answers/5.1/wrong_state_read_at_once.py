# message: failed, but your flow ended Completed.*(did not collect their results|a state that you read before)
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    if any(future.state.is_failed() for future in futures):
        raise RuntimeError("a query failed")
    return "all done"
