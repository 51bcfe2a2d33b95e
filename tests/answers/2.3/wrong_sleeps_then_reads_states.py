# message: returned its rows, but your flow has it in the list 'failed'.*without a `timeout`
import time

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    time.sleep(5)
    completed = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, ok in zip(futures, completed) if ok],
        "failed": [index for index, ok in zip(indexes, completed) if not ok],
    }
