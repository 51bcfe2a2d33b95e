from prefect import flow, task
from prefect.futures import wait

from flows import warehouse
from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow(name="ending")
def ending():
    cleanup.submit().result()


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    ending()
    failed = [f"query_{index}" for index, future in zip(indexes, futures) if future.state.is_failed()]
    if failed:
        raise RuntimeError(" and ".join(failed))
    return [future.result() for future in futures]
