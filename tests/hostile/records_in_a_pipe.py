# message: wrote into queries.jsonl
import os

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    os.mkfifo("queries.jsonl")
    return [query(index, seconds) for index in indexes]
