# message: ended Failed before it ran query \d+: LookupError.*`ask\(index, seconds\)` in a task
from prefect import flow

from flows import warehouse


@flow
def resume(indexes, seconds, size, checkpoint):
    if max(indexes) > 19:
        raise LookupError("no such query")
    return [warehouse.query(index, seconds=0) for index in indexes]
