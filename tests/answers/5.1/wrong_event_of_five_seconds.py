# message: said that all was done before it was
import threading

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    threading.Event().wait(5)
    for future in futures:
        if future.state.is_failed():
            raise RuntimeError("a query failed")
    return "all done"
