# message: a run of another deployment in the pool had to wait.*The pool has a limit of 1 now
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    with get_client(sync_client=True) as client:
        client.update_work_pool(pool, WorkPoolUpdate(concurrency_limit=1))
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich"),
    )
