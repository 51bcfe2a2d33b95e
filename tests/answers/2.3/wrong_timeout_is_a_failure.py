# message: returned its rows, but your flow has it in the list 'failed'.*without a `timeout`
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = {index: query.submit(index, seconds) for index in indexes}
    found = {"answers": [], "failed": []}
    for index, future in futures.items():
        try:
            found["answers"].append(future.result(timeout=10))
        except (LookupError, TimeoutError):
            found["failed"].append(index)
    return found
