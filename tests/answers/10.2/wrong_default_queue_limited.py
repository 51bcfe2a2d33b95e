# message: a run of another deployment in the pool had to wait.*Whatever you limited
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    with get_client(sync_client=True) as client:
        queue = client.read_work_queue_by_name("default", work_pool_name=pool)
        client.update_work_queue(queue.id, concurrency_limit=1)
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(
        name="at-two",
        work_pool_name=pool,
        schedule=Cron("0 2 * * *", timezone="Europe/Zurich"),
    )
