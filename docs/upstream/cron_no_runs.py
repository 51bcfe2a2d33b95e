"""Give a deployment a cron schedule, and count the runs that the server plans. Needs only Prefect.

Run `python cron_no_runs.py` with each Python and each version of the package `whenever`.
It starts its own server in a temporary directory, and stops it.
"""

import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import httpx

PORT = 24315
API = f"http://127.0.0.1:{PORT}/api"


def without_a_server():
    """Import Prefect here: it reads its settings from the environment when it is imported."""
    from prefect.server.schemas.schedules import CronSchedule

    try:
        dates = asyncio.run(CronSchedule(cron="0 2 * * *", timezone="UTC").get_dates(n=3))
        print("get_dates:", [str(date) for date in dates])
    except Exception as error:
        print(f"get_dates: {type(error).__name__}: {error}")


def main(home: str):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ.update(PREFECT_HOME=home, DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
    print(f"Python {platform.python_version()}, Prefect {version('prefect')}, whenever {version('whenever')}")
    without_a_server()
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(PORT)]
    with Path(home, "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        for _ in range(180):
            try:
                httpx.get(f"{API}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(1)
        flow = httpx.post(f"{API}/flows/", json={"name": "nightly"}).json()["id"]
        schedule = {"active": True, "schedule": {"cron": "0 2 * * *", "timezone": "UTC"}}
        body = {"name": "d", "flow_id": flow, "schedules": [schedule]}
        for _ in range(10):  # SQLite may be locked for a moment: 503
            answer = httpx.post(f"{API}/deployments/", json=body)
            if answer.status_code != 503:
                break
            time.sleep(1)
        print(f"deployment with the schedule: HTTP {answer.status_code}")
        for _ in range(75):  # the scheduler looks at every deployment once a minute
            if planned := httpx.post(f"{API}/flow_runs/count", json={}).json():
                break
            time.sleep(1)
        print(f"runs planned after up to 75 s: {planned}")
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    with Path(home, "server.log").open(encoding="utf-8") as log:
        said = [line.strip() for line in log if "tzinfo must" in line]
    print(f"server's log, {len(said)} times: {said[0]}" if said else "server's log: no such error")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        main(home)
