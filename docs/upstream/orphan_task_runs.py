"""Run tasks outside a flow, and show which flow run the server files them under. Needs only Prefect.

Run `python orphan_task_runs.py`. It starts its own server in a temporary directory, and stops it.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

PORT = 24312
API = f"http://127.0.0.1:{PORT}/api"


def filed_under(task_run_id) -> str:
    for _ in range(60):
        answer = httpx.get(f"{API}/task_runs/{task_run_id}")
        if answer.status_code == 200:
            flow_run_id = answer.json()["flow_run_id"]
            return httpx.get(f"{API}/flow_runs/{flow_run_id}").json()["name"] if flow_run_id else "no flow run"
        time.sleep(1)
    return "no record after 60 s"


def run():
    """Import Prefect here: it reads its settings from the environment when it is imported."""
    import prefect
    from prefect import flow, task
    from prefect.context import TaskRunContext

    seen = {}

    @task
    def look(where):
        task_run = TaskRunContext.get().task_run
        seen[where] = (task_run.id, task_run.flow_run_id)

    @flow(flow_run_name="FIRST")
    def first():
        look("inside FIRST")

    @flow(flow_run_name="SECOND")
    def second():
        look("inside SECOND")
        thread = threading.Thread(target=look, args=["own thread, started in SECOND"])
        thread.start()
        thread.join()

    if "--before" in sys.argv:
        look("no flow, before FIRST")
    first()
    second()
    look("no flow, after both")
    print(f"Prefect {prefect.__version__} in {Path(prefect.__file__).parent}")
    for where, (task_run_id, flow_run_id) in seen.items():
        print(f"{where:30} client: {'no flow run' if flow_run_id is None else 'a flow run':12}", end="")
        print(f"server: {filed_under(task_run_id)}")


def main(home: str):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ.update(PREFECT_HOME=home, DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
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
        os.environ.update(PREFECT_API_URL=API, PREFECT_LOGGING_LEVEL="ERROR", PREFECT_LOGGING_TO_API_ENABLED="false")
        run()
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        main(home)
