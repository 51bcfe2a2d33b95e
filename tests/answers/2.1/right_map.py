from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="no-{number}")
def one(number, how_long):
    return ask(number, how_long)


@flow
def all_at_once(indexes, seconds):
    return one.map(indexes, how_long=unmapped(seconds)).result()
