# message: found no file nightly.py.*pass .folder. on

from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=".", entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, parameters={"number": number}, timeout=0)
