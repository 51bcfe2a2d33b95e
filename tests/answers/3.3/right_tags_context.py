from prefect import flow, tags, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def two_resources(queries, calls, seconds):
    with tags("warehouse"):
        first = [query.submit(number, seconds) for number in queries]
    with tags("partner"):
        second = [query.submit(number, seconds) for number in calls]
    return [[future.result() for future in futures] for futures in (first, second)]
