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


class Queries:
    def __init__(self, indexes, seconds):
        self.futures = {index: query.submit(index, seconds) for index in indexes}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        wait(list(self.futures.values()))
        cleanup()

    @property
    def failed(self):
        return [index for index, future in self.futures.items() if not future.state.is_completed()]


@flow
def tidy(indexes, seconds):
    with Queries(indexes, seconds) as queries:
        pass
    if queries.failed:
        raise RuntimeError(
            f"{len(queries.failed)}/{len(indexes)} failed: " + ", ".join(f"#{n:03d}" for n in queries.failed)
        )
    return [future.result() for future in queries.futures.values()]
