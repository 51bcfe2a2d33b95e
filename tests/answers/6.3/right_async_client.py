import asyncio

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


async def _free(name):
    async with get_client() as client:
        found = await client.read_global_concurrency_limit_by_name(name)
        if found.active_slots:
            await client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=0))


def free_slots(tag):
    asyncio.run(_free("tag:" + tag))
