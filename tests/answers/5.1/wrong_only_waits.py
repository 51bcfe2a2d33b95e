# message: ended Completed, as if nothing had happened.*`wait\(\)` and `result\(raise_on_failure=False\)` don't.*loses it
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    return "all done"
