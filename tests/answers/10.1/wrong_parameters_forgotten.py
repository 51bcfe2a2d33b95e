# message: with the parameters \{\}.*parameters=
from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, timeout=0)
