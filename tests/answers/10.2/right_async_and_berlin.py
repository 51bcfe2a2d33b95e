import asyncio

from prefect import flow
from prefect.schedules import Cron

CLOCK = {"cron": "0 2 * * *", "timezone": "Europe/Berlin"}  # the same clock as in Zurich


async def _deploy(folder, pool):
    nightly = await flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    schedule = Cron(CLOCK["cron"], timezone=CLOCK["timezone"])
    await nightly.deploy(name="at-two", work_pool_name=pool, schedule=schedule, concurrency_limit=1, tags=["night"])


def deploy_nightly(folder, pool):
    asyncio.run(_deploy(folder, pool))
