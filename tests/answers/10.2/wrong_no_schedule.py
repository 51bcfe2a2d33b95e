# message: Your deployment has no schedule
from prefect import flow


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        concurrency_limit=1,
    )
