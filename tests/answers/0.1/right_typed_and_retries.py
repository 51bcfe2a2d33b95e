from typing import Any

from prefect import flow, task

from workbook.work import ask


@task(name="ask the database", retries=2, retry_delay_seconds=0.1, tags=["first"])
def rows_of(index: int, seconds: float) -> list[dict[str, Any]]:
    """The rows of one query."""
    return ask(index, seconds=seconds)


@flow(name="first", retries=1)
def first_flow(index: int, seconds: float) -> list[dict[str, Any]]:
    return rows_of.with_options(task_run_name=f"query {index}")(index=index, seconds=seconds)
