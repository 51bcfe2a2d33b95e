from prefect import flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import RRule

EVERY_NIGHT = RRule("FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=0", timezone="Europe/Zurich")


def deploy_nightly(folder, pool):
    one = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    return nightly.deploy("at-two", work_pool_name=pool, schedules=[EVERY_NIGHT], concurrency_limit=one)
