# message: ^Your answer uses 'aks', which is not defined: define 'aks' first, or correct the name
from prefect import flow, task

from workbook.work import ask  # noqa: F401


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return aks(index, seconds)  # noqa: F821


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
