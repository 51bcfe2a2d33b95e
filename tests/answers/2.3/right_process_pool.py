from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=8))
def what_there_is(indexes, seconds):
    futures = [(index, query.submit(index, seconds)) for index in indexes]
    answers, failed = [], []
    for index, future in futures:
        found = future.result(raise_on_failure=False)
        failed.append(index) if isinstance(found, LookupError) else answers.append(found)
    return dict(answers=answers, failed=failed)
