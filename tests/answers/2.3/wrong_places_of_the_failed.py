# message: returned \[\d, \d\] as 'failed'\. It should be
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    return {
        "answers": [future.result() for future in futures if future.state.is_completed()],
        "failed": [place for place, future in enumerate(futures) if future.state.is_failed()],
    }
