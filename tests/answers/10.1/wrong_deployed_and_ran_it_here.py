# message: has no flow run
from prefect import flow


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(name="workshop", work_pool_name=pool)
    nightly(number)
