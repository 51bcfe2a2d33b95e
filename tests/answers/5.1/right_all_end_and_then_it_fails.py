from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


class NightFailed(Exception):
    pass


@task(retries=1)
def query(index, seconds):
    return ask(index, seconds)


def fail_if_any(futures):
    wait(futures)
    failed = [future.state.message for future in futures if not future.state.is_completed()]
    if failed:
        raise NightFailed("; ".join(failed))


@flow
def all_done(indexes, seconds):
    fail_if_any([query.submit(index, seconds) for index in indexes])
    return "all done"
