# message: ^Your answer uses 'query', which is not defined: define 'query' first, or correct the name\.$
from prefect import flow


@flow
def first_flow(index, seconds):
    return query(index, seconds)  # noqa: F821
