from prefect import flow, task, unmapped

from workbook.work import ask

TAG = "reporting"


@task(tags=[TAG, "read-only"], task_run_name="asks-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    return query.map([*orders, *reviews], unmapped(seconds)).result()
