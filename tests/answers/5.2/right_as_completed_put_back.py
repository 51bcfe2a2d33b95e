from prefect import flow, task
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=20))
def all_at_once(indexes, seconds):
    places = {query.submit(index, seconds): place for place, index in enumerate(indexes)}
    rows = [None] * len(indexes)
    for future in as_completed(list(places)):
        rows[places[future]] = future.result()
    return rows
