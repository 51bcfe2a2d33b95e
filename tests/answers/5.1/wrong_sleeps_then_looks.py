# message: said that all was done before it was\. It should wait for every query\..*after the flow's function had returned
import time

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    time.sleep(seconds + 5)  # by now they are all done
    if any(future.state.is_failed() for future in futures):
        raise RuntimeError("a query failed")
    return "all done"
