from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    found = {"answers": [], "failed": []}
    for index, future in [(index, query.submit(index, seconds)) for index in indexes]:
        try:
            found["answers"].append(future.result())
        except LookupError:
            found["failed"].append(index)
    return found
