# message: isn't due until
from datetime import UTC, datetime, timedelta

from prefect import flow
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    deployment = nightly.deploy(name="workshop", work_pool_name=pool)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    run_deployment(deployment, parameters={"number": number}, timeout=0, scheduled_time=tomorrow)
