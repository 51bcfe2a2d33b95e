import asyncio

from prefect.client.orchestration import get_client


async def _ensure(tag, slots):
    async with get_client() as client:
        await client.upsert_global_concurrency_limit_by_name(name=f"tag:{tag}", limit=slots)


def ensure_limit(tag, slots):
    asyncio.run(_ensure(tag, slots))
