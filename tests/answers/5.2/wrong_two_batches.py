# message: At most 3 of your tasks ran at once\. All 5 should run at the same time
# fair: two batches: they should run all at once
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    pairs, finished, rows = list(zip(indexes, durations, strict=True)), [], []
    for half in (pairs[:3], pairs[3:]):
        number = {query.submit(*pair): pair[0] for pair in half}
        finished += [number[future] for future in as_completed(list(number))]
        rows += [future.result() for future in number]
    return finished, rows
