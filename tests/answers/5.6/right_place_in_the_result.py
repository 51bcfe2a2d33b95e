from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def numbered(place, index, seconds):
    return place, ask(index, seconds)


@flow
def in_order(indexes, durations):
    numbers = range(len(indexes))
    futures = [numbered.submit(place, indexes[place], durations[place]) for place in numbers]
    ended = [future.result() for future in as_completed(futures)]
    return [rows for _, rows in sorted(ended, key=lambda pair: pair[0])]
