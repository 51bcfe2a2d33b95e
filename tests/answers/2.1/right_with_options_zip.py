from prefect import flow, get_run_logger, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def note(text):
    get_run_logger().info(text)


def names(indexes):
    return [f"query {index}" for index in indexes]


@flow
def all_at_once(indexes, seconds):
    note(f"{len(indexes)} queries")
    futures = [
        query.with_options(name=name, tags=["quick"]).submit(index, seconds)
        for index, name in zip(indexes, names(indexes), strict=True)
    ]
    noted = note.submit("all submitted")
    wait([*futures, noted])
    return list(map(lambda future: future.result(), futures))
