# message: There was no task run of 'cleanup'\..*It should run once
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    pass


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    failed = [index for index, future in zip(indexes, futures) if future.state.is_failed()]
    if failed:
        cleanup()
        raise RuntimeError(f"failed: {failed}")
    return [future.result() for future in futures]
