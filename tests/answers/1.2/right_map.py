from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds, after=None):
    return ask(index, seconds)


@task
def total(parts):
    return sum(len(part) for part in parts)


@flow
def diamond(top, left, right, seconds):
    before = query.submit(top, seconds)
    return total.submit(query.map([left, right], unmapped(seconds), after=unmapped(before))).result()
