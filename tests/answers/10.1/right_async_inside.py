import asyncio

from prefect import flow
from prefect.deployments import run_deployment


class Deployer:
    def __init__(self, folder, pool):
        self.folder, self.pool = folder, pool

    async def deploy(self):
        nightly = await flow.from_source(source=self.folder, entrypoint="nightly.py:nightly")
        return await nightly.deploy(name="workshop", work_pool_name=self.pool)

    async def trigger(self, deployment, **parameters):
        return await run_deployment(deployment, parameters=parameters, timeout=0)


def deploy_and_trigger(folder, pool, number):
    async def both():
        deployer = Deployer(folder, pool)
        await deployer.trigger(await deployer.deploy(), number=number)

    asyncio.run(both())
