# message: is called nightly/nightly.*should be nightly/at-two
from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="nightly",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich"),
        concurrency_limit=1,
    )
