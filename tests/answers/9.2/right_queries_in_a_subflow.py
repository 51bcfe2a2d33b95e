from datetime import UTC, datetime
from uuid import uuid4

from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(retries=1, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@task(name="cleanup", retries=1)
def clean_up():
    return None


@task
def summary(count):
    return f"{count} queries"


class Failures(Exception):
    pass


@flow
def all_queries(indexes, seconds):
    futures = {index: query.submit(index, seconds) for index in indexes}
    _, not_done = wait(futures.values())
    assert not not_done
    return [(index, future.state.is_completed() and future.result()) for index, future in futures.items()]


@flow
def tidy(indexes, seconds):
    summary(len(indexes))
    try:
        found = all_queries(indexes, seconds)
    finally:
        clean_up()
    lost = [index for index, rows in found if rows is False]
    if lost:
        night = f"{datetime.now(UTC).isoformat()} run {uuid4()}, 12.5 s, {len(lost)}/20 failed"
        raise Failures(f"{night}: {'; '.join(f'#{index}' for index in lost)}")
    return [rows for _, rows in found]
