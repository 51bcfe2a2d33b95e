from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


def begin(index, seconds):
    return load.submit(transform.submit(extract.submit(index, seconds)), seconds)


@flow(name="all chains", log_prints=True)
def chains(indexes: list[int], seconds: float) -> list:
    futures = {index: begin(index, seconds) for index in indexes}
    print(len(futures), "chains")
    return [futures[index].result() for index in indexes]
