from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def waited_for():
    wait([query.submit(99, 0.1)])


@flow
def not_raised():
    return query.submit(99, 0.1).result(raise_on_failure=False)


@flow
def state_read():
    return query(99, 0.1, return_state=True).name


@flow
def state_returned():
    return query(99, 0.1, return_state=True)


@flow
def futures_in_a_list():
    return [query.submit(index, 0.1) for index in [0, 99]]


@flow
def futures_in_a_dict():
    return {"sales": query.submit(0, 0.1), "stock": query.submit(99, 0.1)}


def states():
    flows = (waited_for, not_raised, state_read, state_returned, futures_in_a_list, futures_in_a_dict)
    measured = {flow.fn.__name__: flow(return_state=True).name for flow in flows}
    return measured | {"interrupted": "Crashed"}
