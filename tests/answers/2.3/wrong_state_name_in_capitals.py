# message: has all queries in the list 'failed'.*is_completed\(\)
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    answers, failed = [], []
    for index, future in zip(indexes, futures):
        if future.state.name == "COMPLETED":
            answers.append(future.result())
        else:
            failed.append(index)
    return {"answers": answers, "failed": failed}
