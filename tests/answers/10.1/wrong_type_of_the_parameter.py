# message: The server refused your flow run: its parameter 'number' has a wrong value \('no\. \d+' is not of type 'integer'
from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment(deployment, parameters={"number": f"no. {number}"}, timeout=0)
