# message: has no flow run.*a coroutine was never awaited
import asyncio

from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    async def go():
        nightly = await flow.from_source(source=folder, entrypoint="nightly.py:nightly")
        await nightly.deploy(name="workshop", work_pool_name=pool)
        run_deployment("nightly/workshop", parameters={"number": number}, timeout=0)

    asyncio.run(go())
