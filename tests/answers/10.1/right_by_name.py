from functools import partial
from pathlib import Path

from prefect import Flow
from prefect.deployments import run_deployment

trigger = partial(run_deployment, timeout=0)


def deploy_and_trigger(folder, pool, number):
    nightly = Flow.from_source(source=Path(folder), entrypoint="nightly.py:nightly")
    nightly.deploy("workshop", work_pool_name=pool, print_next_steps=False, tags=["workshop"])
    trigger("nightly/workshop", parameters=dict(number=number))
