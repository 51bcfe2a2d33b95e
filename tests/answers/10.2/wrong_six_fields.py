# message: A cron string has five fields.*yours has 6
from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two", work_pool_name=pool, schedule=Cron("0 0 2 * * *", timezone="Europe/Zurich"), concurrency_limit=1
    )
