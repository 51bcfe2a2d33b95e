# message: its message doesn't name query \d+: .*see the log
from prefect import flow, get_run_logger, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    pass


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    cleanup()
    if failed := [index for index, future in zip(indexes, futures) if future.state.is_failed()]:
        get_run_logger().error("failed: %s", failed)
        raise RuntimeError("queries failed, see the log")
    return [future.result() for future in futures]
