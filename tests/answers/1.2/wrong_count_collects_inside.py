# message: count-\w+ began before query-\w+ had ended. The two in the middle should end before
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(numbers, seconds):
    futures = [query.submit(number, seconds) for number in numbers]
    return sum(len(future.result()) for future in futures)


@flow
def diamond(top, left, right, seconds):
    query(top, seconds)
    return count([left, right], seconds)
