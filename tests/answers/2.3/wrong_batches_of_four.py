# message: and at most [234] of their queries\. All should run at the same time.*for batches
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = []
    for first in range(0, len(indexes), 4):
        batch = [query.submit(index, seconds) for index in indexes[first : first + 4]]
        wait(batch)
        futures += batch
    ok = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, good in zip(futures, ok) if good],
        "failed": [index for index, good in zip(indexes, ok) if not good],
    }
