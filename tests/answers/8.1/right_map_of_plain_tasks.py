from prefect import flow, task, unmapped

from workbook.work import ask


def fetch(index, seconds):
    return ask(index, seconds)


@task
def count_rows(index, seconds):
    return len(fetch(index, seconds))


@flow
def row_counts(indexes, seconds):
    return count_rows.map(indexes, unmapped(seconds)).result()
