# message: There was no task run of 'cleanup'\..*also reaches when no query fails

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
    futures = {index: query.submit(index, seconds) for index in indexes}
    rows, failed = [], []
    for index, future in futures.items():
        try:
            rows.append(future.result())
        except Exception:
            failed.append(index)
            cleanup()
    if failed:
        raise RuntimeError(f"failed: {failed}")
    return rows
