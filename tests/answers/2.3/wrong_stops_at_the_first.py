# message: Query \d+ was answered, but it is in the list 'failed'.*Keep each future together
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
