# message: did not take your schedule.*schedule=Cron
from prefect import flow


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(name="at-two", work_pool_name=pool, cron="0 2 * * *", timezone="Europe/Zurich", concurrency_limit=1)
