"""Dagster: a pool of three slots, which the instance holds; `dagster instance concurrency set database 3`."""

import dagster as dg
from timed import TWENTY, query


@dg.op(out=dg.DynamicOut())
def indexes():
    for index in TWENTY:
        yield dg.DynamicOutput(index, mapping_key=str(index))


@dg.op(pool="database")
def one_query(index: int):
    return query(index)


@dg.job(executor_def=dg.multiprocess_executor.configured({"max_concurrent": 6}))
def queries():
    indexes().map(one_query)


if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        dg.execute_job(dg.reconstructable(queries), instance, raise_on_error=True)
