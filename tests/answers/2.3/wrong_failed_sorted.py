# message: as 'failed'.*in the order of `indexes`
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = {index: query.submit(index, seconds) for index in indexes}
    failed = set()
    answers = []
    for index, future in futures.items():
        try:
            answers.append(future.result())
        except Exception:
            failed.add(index)
    return {"answers": answers, "failed": sorted(failed, reverse=True)}
