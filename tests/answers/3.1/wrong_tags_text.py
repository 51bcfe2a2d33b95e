# message: `tags` is a list: `tags=\['database'\]`
from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags="database")
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    return limited_query.map(indexes, unmapped(seconds)).result()
