# message: on Saturday, 16 January not at all.*on which weekdays

from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two", work_pool_name=pool, schedule=Cron("0 2 * * 1-5", timezone="Europe/Zurich"), concurrency_limit=1
    )
