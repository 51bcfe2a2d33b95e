from contextlib import contextmanager

from prefect import flow, task, unmapped
from prefect.futures import as_completed

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{number}", retries=1, retry_delay_seconds=0.1)
def one(number, seconds):
    return ask(number, seconds)


@task(name="cleanup")
def give_connections_back():
    warehouse.engine().dispose()


class QueriesFailed(Exception):
    pass


@contextmanager
def cleaned_up_behind(futures):
    try:
        yield
    finally:
        for _ in as_completed(futures):
            pass
        give_connections_back()


@flow
def tidy(indexes, seconds):
    futures = one.map(indexes, unmapped(seconds))
    with cleaned_up_behind(futures):
        results = [future.result(raise_on_failure=False) for future in futures]
        errors = [str(result) for result in results if isinstance(result, Exception)]
        if errors:
            raise QueriesFailed("; ".join(errors))
    return results
