# message: in another order.*as_completed|are in the right place|in the order in which your tasks ended|in the list 'failed'.*as_completed
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    numbers = {query.submit(index, seconds): index for index in indexes}
    found = {"answers": [], "failed": []}
    for future in reversed(list(as_completed(numbers))):
        if future.state.is_completed():
            found["answers"].append(future.result())
        else:
            found["failed"].append(numbers[future])
    return found
