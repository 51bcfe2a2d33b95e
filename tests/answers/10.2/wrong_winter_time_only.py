# message: due on Saturday, 16 January at 02:00, and on Sunday, 18 July at 03:00.*ignores summer time
from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 1 * * *"),
        concurrency_limit=1,
    )
