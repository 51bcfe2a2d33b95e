# message: Your flow ran 3, 3 and 3 queries.*should have 4, 4 and 1|Your flow ran .* each group after the one before
import math

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    parts = math.ceil(len(indexes) / size)
    short, more = divmod(len(indexes), parts)
    rows, first = [], 0
    for number in range(parts):
        end = first + short + (number < more)
        rows += query.map(indexes[first:end], unmapped(seconds)).result()
        first = end
    return rows
