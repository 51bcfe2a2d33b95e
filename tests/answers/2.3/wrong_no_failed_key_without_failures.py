# message: has the keys \['answers'\]\. They should be \['answers', 'failed'\]
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    found = {"answers": []}
    for index, future in zip(indexes, futures):
        future.wait()
        if future.state.is_failed():
            found.setdefault("failed", []).append(index)
        else:
            found["answers"].append(future.result())
    return found
