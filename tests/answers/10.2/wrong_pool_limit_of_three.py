# message: The work pool has a limit of 3 now.*give yours its own limit
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolUpdate
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    with get_client(sync_client=True) as client:
        client.update_work_pool(pool, WorkPoolUpdate(concurrency_limit=3))  # room for others
    nightly.deploy(
        name="at-two", work_pool_name=pool, schedule=Cron("0 2 * * *", timezone="Europe/Zurich"), concurrency_limit=1
    )
