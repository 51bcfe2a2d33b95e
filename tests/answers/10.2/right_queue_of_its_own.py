from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule


def deploy_nightly(folder, pool):
    with get_client(sync_client=True) as client:
        client.create_work_queue("nightly-only", work_pool_name=pool, concurrency_limit=1)
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        work_queue_name="nightly-only",
        schedules=[CronSchedule(cron="0 2 * * *", timezone="Europe/Zurich")],
    )
