# message: Your task has retries=2, but its run ended Completed: its error never reached Prefect

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    try:
        return ask(index, seconds)
    except Exception as error:
        print("query", index, "failed:", error)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
