# message: the first that failed, and none of those after it.*`try` inside the loop
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    found = {"answers": [], "failed": []}
    futures = [query.submit(index, seconds) for index in indexes]
    try:
        for future in futures:
            found["answers"].append(future.result())
    except LookupError:
        found["failed"] += [index for index, future in zip(indexes, futures) if future.state.is_failed()]
    return found
