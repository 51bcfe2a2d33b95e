# message: Your task has retries=2, but it Failed before it had used them: does a .retry_condition_fn. refuse

from prefect import flow, task

from workbook.work import ask


def worth_it(task, task_run, state):
    return isinstance(state.result(raise_on_failure=False), TimeoutError)


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1, retry_condition_fn=worth_it)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
