from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="asks-{number}")
def one(number, how_long):
    return ask(number, how_long)


@flow(name="stubborn", log_prints=True)
def persistent(indexes, seconds):
    patient = one.with_options(retries=2, retry_delay_seconds=[0.1, 0.2])
    return patient.map(indexes, unmapped(seconds)).result()
