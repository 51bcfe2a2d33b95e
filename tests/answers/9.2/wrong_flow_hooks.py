# message: 'cleanup' began only after your flow run had ended.*call the clean-up inside the flow
from prefect import flow, task
from prefect.futures import wait

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


def tidy_up(flow, run, state):
    cleanup()


@flow(on_completion=[tidy_up], on_failure=[tidy_up])
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    failed = [index for index, future in zip(indexes, futures) if future.state.is_failed()]
    if failed:
        raise RuntimeError(f"queries failed: {failed}")
    return [future.result() for future in futures]
