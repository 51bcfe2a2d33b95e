# message: ('cleanup' began before .* had ended|before query \d+ had begun).*waits for all of them
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    pass


@flow
def tidy(indexes, seconds):
    futures = {query.submit(index, seconds): index for index in indexes}
    failed = []
    for future in as_completed(list(futures)):
        if isinstance(future.result(raise_on_failure=False), Exception):
            failed.append(futures[future])
            break
    cleanup()
    if failed:
        raise RuntimeError(f"failed: {failed}")
    return [future.result() for future in futures]
