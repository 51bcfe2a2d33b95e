# message: did not take your schedule.*without a time zone
from prefect import flow


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(name="at-two", work_pool_name=pool, cron="CRON_TZ=Europe/Zurich 0 2 * * *", concurrency_limit=1)
