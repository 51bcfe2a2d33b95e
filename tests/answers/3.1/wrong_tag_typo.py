# message: None of your task runs has the tag 'database'; their tags are \['databse'\]
from prefect import flow, task

from workbook.work import ask


@task(tags=["databse"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
