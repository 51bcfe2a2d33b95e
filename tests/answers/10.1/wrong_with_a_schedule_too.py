# message: has a schedule, so the server makes runs of it by itself
from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool, interval=60, parameters={"number": number})
    run_deployment(deployment, parameters={"number": number}, timeout=0)
