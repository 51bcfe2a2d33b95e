"""Count the 503 answers while 20 tasks of 0.3 s wait for a tag limit of 3 on a default server. Needs only Prefect.

Run `python locked_slots.py`. It starts its own server in a temporary directory, and stops it.
"""

import collections
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

PORT = 24311
API = f"http://127.0.0.1:{PORT}/api"
answers = collections.Counter()


def count(request, answer):
    if request.url.path.endswith("-with-lease"):  # increment: a slot is acquired; decrement: released
        answers[request.url.path.removeprefix("/api"), answer.status_code] += 1
    return answer


def count_answers():
    """Every attempt of Prefect's client passes through one of these two, the retries too."""
    send, asend = httpx.Client.send, httpx.AsyncClient.send

    def counted(self, request, *args, **kwargs):
        return count(request, send(self, request, *args, **kwargs))

    async def acounted(self, request, *args, **kwargs):
        return count(request, await asend(self, request, *args, **kwargs))

    httpx.Client.send, httpx.AsyncClient.send = counted, acounted


def run_twenty() -> float:
    """Import Prefect here: it reads its settings from the environment when it is imported."""
    from prefect import flow, task

    @task(tags=["database"])
    def query(index):
        time.sleep(0.3)

    @flow
    def twenty():
        futures = [query.submit(index) for index in range(20)]
        [future.result() for future in futures]

    begun = time.monotonic()
    twenty()
    return time.monotonic() - begun


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
        httpx.post(f"{API}/v2/concurrency_limits/", json={"name": "tag:database", "limit": 3}).raise_for_status()
        os.environ.update(PREFECT_API_URL=API, PREFECT_LOGGING_LEVEL="ERROR", PREFECT_LOGGING_TO_API_ENABLED="false")
        count_answers()
        seconds = run_twenty()
        import prefect

        print(f"Prefect {prefect.__version__} in {Path(prefect.__file__).parent}")
        print(f"20 tasks of 0.3 s under a tag limit of 3: {seconds:.1f} s (2.1 s would be ideal)")
        for (path, code), times in sorted(answers.items()):
            print(f"{times:4} x {code} {path}")
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
