# message: Your queries ran one at a time
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    states = [query(index, seconds, return_state=True) for index in indexes]
    cleanup()
    if failed := [index for index, state in zip(indexes, states, strict=True) if state.is_failed()]:
        raise RuntimeError(f"these queries failed: {failed}")
    return [state.result() for state in states]
