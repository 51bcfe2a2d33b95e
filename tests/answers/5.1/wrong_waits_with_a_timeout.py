# message: said that all was done before it was\. It should wait for every query\..*after the flow's function had returned
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    done, _ = wait([query.submit(index, seconds) for index in indexes], timeout=10)
    for future in done:
        future.result()
    return "all done"
