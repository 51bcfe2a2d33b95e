# message: slots taken after your call; \d had leaked
from prefect.client.orchestration import get_client


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.release_concurrency_slots(names=[f"tag:{tag}"], slots=2, occupancy_seconds=1)
