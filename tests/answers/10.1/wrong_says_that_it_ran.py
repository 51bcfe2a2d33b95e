# message: Completed before any worker
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.states import Completed


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    run = run_deployment(deployment, parameters={"number": number}, timeout=0)
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run.id, Completed(), force=True)
