# message: 'cleanup' ran 2 times.*not in both .except. and .finally.

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


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    try:
        wait(futures)
        failed = [i for i, f in zip(indexes, futures) if not f.state.is_completed()]
        if failed:
            raise RuntimeError(f"failed: {failed}")
        return [future.result() for future in futures]
    except RuntimeError:
        cleanup()
        raise
    finally:
        cleanup()
