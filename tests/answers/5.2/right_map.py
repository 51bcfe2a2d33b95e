from prefect import flow, task, unmapped

from workbook.work import ask

fetch = task(ask, name="fetch")


@flow
def all_at_once(indexes, seconds):
    return fetch.map(indexes, seconds=unmapped(seconds)).result()
