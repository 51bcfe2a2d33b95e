# message: the second was Cancelled: Deployment concurrency limit reached.*CANCEL_NEW cancels it
from prefect import flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich"),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy="CANCEL_NEW"),
    )
