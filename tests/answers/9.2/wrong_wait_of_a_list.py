# message: ended Failed: AttributeError.*no query fails
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    futures.wait()
    cleanup()
    failed = [place for place, future in zip(indexes, futures) if future.state.is_failed()]
    if failed:
        raise RuntimeError(f"queries {failed} failed")
    return [future.result() for future in futures]
