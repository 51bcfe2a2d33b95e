# message: only the answers of the queries before query \d\d, the first that failed.*`try` inside the loop
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    answers, failed = [], []
    try:
        for index, future in zip(indexes, futures):
            answers.append(future.result())
    except LookupError:
        failed = indexes[len(answers) :]
    return {"answers": answers, "failed": failed}
