from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags=["database", "read-only"], task_run_name="asks-{number}")
def one(number, how_long):
    return ask(number, how_long)


@flow(name="mapped", log_prints=True)
def three_at_a_time(indexes, seconds):
    return one.map(indexes, unmapped(seconds)).result()
