"""Prefect: a flow run for each query, in a work pool with a limit of three, which a worker serves."""

import asyncio
from pathlib import Path

from prefect import flow
from prefect.deployments import arun_deployment
from timed import TWENTY, query


@flow
def one_query(index: int):
    return query(index)


async def queries():
    await asyncio.gather(
        *(arun_deployment("one-query/bench", parameters={"index": index}, poll_interval=1) for index in TWENTY)
    )


if __name__ == "__main__":
    here = Path(__file__)
    source = flow.from_source(source=str(here.parent), entrypoint=f"{here.name}:one_query")
    source.deploy("bench", work_pool_name="bench", print_next_steps=False, ignore_warnings=True)
    asyncio.run(queries())
