# message: two o'clock UTC: a schedule without a time zone means UTC
from datetime import datetime, timedelta

from prefect import flow
from prefect.schedules import Interval


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    every = Interval(timedelta(hours=24), anchor_date=datetime(2026, 1, 1, 2))
    nightly.deploy(name="at-two", work_pool_name=pool, schedule=every, concurrency_limit=1)
