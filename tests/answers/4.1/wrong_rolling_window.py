# message: began before batch \d had ended.*that is a limit, not a batch
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    left, futures = list(indexes), []
    while left:
        if len(futures) >= size:
            running = [future for future in futures if not future.state.is_completed()]
            if len(running) >= size:
                next(as_completed(running))
                continue
        futures.append(query.submit(left.pop(0), seconds))
    return [future.result() for future in futures]
