# message: began before batch 1 had ended.*A pause of fixed length|ran at once\. It should have been
import time

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    everything = []
    for first in range(0, len(indexes), size):
        everything += [query.submit(index, seconds) for index in indexes[first : first + size]]
        time.sleep(1)  # a query takes less than that
    return [future.result() for future in everything]
