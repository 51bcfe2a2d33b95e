import asyncio
import importlib.util
from pathlib import Path

from prefect.client.orchestration import get_client


def load(folder):
    spec = importlib.util.spec_from_file_location("nightly", Path(folder) / "nightly.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.nightly


async def _both(folder, pool, number):
    async with get_client() as client:
        deployment = await client.create_deployment(
            await client.create_flow(load(folder)),
            name="workshop",
            work_pool_name=pool,
            path=folder,
            entrypoint="nightly.py:nightly",
        )
        await client.create_flow_run_from_deployment(deployment, parameters={"number": number})


def deploy_and_trigger(folder, pool, number):
    asyncio.run(_both(folder, pool, number))
