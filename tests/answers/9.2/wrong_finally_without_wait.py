# message: ('cleanup' began before .* had ended|before query \d+ had begun).*waits for all of them
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    try:
        return [future.result() for future in futures]
    finally:
        cleanup.submit().result()
