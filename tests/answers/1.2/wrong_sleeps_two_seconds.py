# message: began before .* had ended\. The task at the top should end before
import time

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    query.submit(top, seconds)
    time.sleep(2)
    one = query.submit(left, seconds)
    other = query.submit(right, seconds)
    return count.submit(one, other).result()
