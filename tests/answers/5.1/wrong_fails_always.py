# message: In a run in which every query returned its rows, your flow ended Failed: RuntimeError: a query failed\. It should fail only if
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    done, _ = wait(futures)
    if done:
        raise RuntimeError("a query failed")
    return "all done"
