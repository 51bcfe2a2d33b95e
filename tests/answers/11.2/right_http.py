import os

import httpx

NAMES = ["Failed", "TimedOut", "Crashed", "Late"]


def needs_attention(since):
    where = {"expected_start_time": {"after_": since}, "state": {"name": {"any_": NAMES}}}
    found, more = [], True
    while more:
        asked = {"flow_runs": where, "sort": "EXPECTED_START_TIME_ASC", "limit": 50, "offset": len(found)}
        more = httpx.post(f"{os.environ['PREFECT_API_URL']}/flow_runs/filter", json=asked, timeout=30).json()
        found += [run["name"] for run in more]
    return found
