from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    return ask(index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    rows = await fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    futures = [count_rows.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
