# message: returned \[there is no query.*as 'failed'
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    answers, failed = [], []
    for index, future in zip(indexes, futures):
        try:
            answers.append(future.result())
        except LookupError as error:
            failed.append(error)
    return {"answers": answers, "failed": failed}
