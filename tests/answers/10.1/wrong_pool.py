# message: on the work pool 'prod-pool'.*should be on
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="prod-pool", type="process"), overwrite=True)
    deployment = nightly.deploy(name="workshop", work_pool_name="prod-pool")
    run_deployment(deployment, parameters={"number": number}, timeout=0)
