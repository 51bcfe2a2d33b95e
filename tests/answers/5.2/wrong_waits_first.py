# message: Your first list has query \d+ before query \d+\. Query \d+ had finished first\. .*as_completed
# fair: a future that is done comes at once, in the order of the list
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    number = dict(zip(futures, indexes, strict=True))
    wait(futures)
    finished = [number[future] for future in futures if future.state.is_completed()]
    return finished, [future.result() for future in futures]
