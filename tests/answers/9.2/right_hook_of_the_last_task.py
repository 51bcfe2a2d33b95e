from contextlib import contextmanager

from prefect import flow, task
from prefect.futures import wait

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@contextmanager
def cleaned():
    futures = []
    try:
        yield futures
        wait(futures)
    finally:
        cleanup.with_options(name="cleanup")()


@flow
def tidy(indexes, seconds):
    with cleaned() as futures:
        futures += [query.submit(index, seconds) for index in indexes]
    failed = {str(index) for index, future in zip(indexes, futures) if not future.state.is_completed()}
    if failed:
        raise RuntimeError(" and ".join(failed) + " failed")
    return [future.result() for future in futures]
