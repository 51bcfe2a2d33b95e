# message: You triggered your deployment 2 times
from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    for _ in range(2):
        run_deployment(deployment, parameters={"number": number}, timeout=0)
