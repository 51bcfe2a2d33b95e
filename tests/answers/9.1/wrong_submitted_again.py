# message: Query \d+'s tries were [23] separate task runs
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = {index: query.submit(index, seconds) for index in indexes}
    for _ in range(2):
        for index, future in futures.items():
            future.wait()
            if future.state.is_failed():
                futures[index] = query.submit(index, seconds)
    return [futures[index].result() for index in indexes]
