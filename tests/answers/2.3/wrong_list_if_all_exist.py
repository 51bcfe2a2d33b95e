# message: Your flow returned \[\[.*It should return \{
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    try:
        return [future.result() for future in futures]
    except Exception:
        answers, failed = [], []
        for index, future in zip(indexes, futures):
            try:
                answers.append(future.result())
            except Exception:
                failed.append(index)
        return {"answers": answers, "failed": failed}
