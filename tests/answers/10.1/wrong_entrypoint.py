# message: MissingFlowError: Flow function with name 'main' not found in .*'\.$

from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:main")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, parameters={"number": number}, timeout=0)
