# message: The schedule of your deployment is paused
from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich", active=False),
        concurrency_limit=1,
    )
