from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=12))
def chains(indexes, seconds):
    ends = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        number = transform.submit(rows)
        ends.append(load.submit(number, seconds))
    return [future.result() for future in ends]
