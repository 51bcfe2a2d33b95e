from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="asks-{number}")
def one(number, how_long):
    ask(number, how_long)


@flow(name="mapped", log_prints=True)
def all_done(indexes, seconds):
    one.map(indexes, unmapped(seconds)).result()
    return "all done"
