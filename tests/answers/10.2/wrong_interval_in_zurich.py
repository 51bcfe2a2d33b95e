# message: should be at 02:00, every day
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from prefect import flow
from prefect.schedules import Interval


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    zurich = ZoneInfo("Europe/Zurich")
    daily = Interval(timedelta(days=1), anchor_date=datetime(2026, 1, 1, 2, tzinfo=zurich), timezone="Europe/Zurich")
    nightly.deploy(name="at-two", work_pool_name=pool, schedule=daily, concurrency_limit=1)
