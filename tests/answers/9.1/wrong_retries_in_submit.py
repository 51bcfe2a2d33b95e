# message: ended Failed before any task ran: .*unexpected keyword argument 'retries'

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds, retries=2, retry_delay_seconds=0.1) for index in indexes]
    return [future.result() for future in futures]
