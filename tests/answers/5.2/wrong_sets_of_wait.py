# message: right results (in|sorted)
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
    done = wait(futures).done
    return [number[future] for future in done], [future.result() for future in done]
