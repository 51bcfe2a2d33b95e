# message: did not take your parameters.*parameters=\{'number': number\}
from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment("nightly/workshop", number=number, timeout=0)
