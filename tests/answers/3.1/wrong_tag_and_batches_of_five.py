# message: At most 5 of your tasks ran at once\. It should have been [67]|At most 5 .* ran at once
from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags=["database"])
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    rows = []
    for first in range(0, len(indexes), 5):
        rows += limited_query.map(indexes[first : first + 5], unmapped(seconds)).result()
    return rows
