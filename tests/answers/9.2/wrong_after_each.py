# message: 'cleanup' ran 4 times
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
    for future in futures:
        future.wait()
        cleanup.submit().result()
    if failed := [index for index, future in zip(indexes, futures, strict=True) if not future.state.is_completed()]:
        raise RuntimeError(f"these queries failed: {failed}")
    return [future.result() for future in futures]
