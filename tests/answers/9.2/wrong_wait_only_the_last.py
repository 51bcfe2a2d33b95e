# message: 'cleanup' began before .* had ended
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    futures[-1].wait()
    cleanup()
    failed = []
    rows = []
    for index, future in zip(indexes, futures):
        found = future.result(raise_on_failure=False)
        if isinstance(found, Exception):
            failed.append(index)
        rows.append(found)
    if failed:
        raise RuntimeError(f"failed: {failed}")
    return rows
