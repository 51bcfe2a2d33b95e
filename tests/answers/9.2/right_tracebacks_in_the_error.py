import traceback

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
    found = {index: future.result(raise_on_failure=False) for index, future in futures.items()}
    cleanup()
    errors = {index: rows for index, rows in found.items() if isinstance(rows, BaseException)}
    if errors:
        raise RuntimeError(
            "\n\n".join(
                f"query {index}:\n{''.join(traceback.format_exception(error))}" for index, error in errors.items()
            )
        )
    return list(found.values())
