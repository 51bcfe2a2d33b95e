# message: returned a coroutine
from prefect.client.orchestration import get_client


async def needs_attention(since):
    async with get_client() as client:
        return [run.name for run in await client.read_flow_runs()]
