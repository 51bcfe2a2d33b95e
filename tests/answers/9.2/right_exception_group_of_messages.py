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
    errors, rows = [], []
    for index, future in zip(indexes, futures):
        found = future.result(raise_on_failure=False)
        if isinstance(found, Exception):
            found.add_note(f"query {index}")
            errors.append((index, found))
        else:
            rows.append(found)
    cleanup.submit().wait()
    if errors:
        numbers = " & ".join(str(index) for index, _ in errors)
        raise ExceptionGroup(f"Queries {numbers} failed", [error for _, error in errors])
    return rows
