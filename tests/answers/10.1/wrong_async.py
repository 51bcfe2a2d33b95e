# message: returned a coroutine
from prefect import flow
from prefect.deployments import run_deployment


async def deploy_and_trigger(folder, pool, number):
    nightly = await flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = await nightly.deploy(name="workshop", work_pool_name=pool)
    await run_deployment(deployment, parameters={"number": number}, timeout=0)
