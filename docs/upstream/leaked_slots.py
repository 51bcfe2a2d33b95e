"""Kill a server that has given out slots, start it again, and watch `active_slots`. Needs only Prefect.

Run `python leaked_slots.py`, or `python leaked_slots.py filesystem` to keep the leases in files.
It starts its own servers in a temporary directory, and stops them.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

STORAGE = sys.argv[1] if len(sys.argv) > 1 else "memory"
PORT = 24313 if STORAGE == "memory" else 24314
API = f"http://127.0.0.1:{PORT}/api"
LIMITS = f"{API}/v2/concurrency_limits"


def start(home: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(PORT)]
    with Path(home, "server.log").open("a", encoding="utf-8") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    for _ in range(180):
        try:
            httpx.get(f"{API}/health").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(1)
    return server


def acquire(slots: int) -> httpx.Response:
    body = {"names": ["tag:database"], "slots": slots, "lease_duration": 60}
    return httpx.post(f"{LIMITS}/increment-with-lease", json=body)


def show(what: str) -> int:
    count = httpx.get(f"{LIMITS}/tag:database").json()["active_slots"]
    print(f"{what:48} active_slots = {count}", flush=True)
    return count


def wait_for_the_repossessor(what: str):
    """A lease lasts 60 s, and the server looks for those that have ended every 15 s: wait 100 s at most."""
    until = time.monotonic() + 100
    while time.monotonic() < until and httpx.get(f"{LIMITS}/tag:database").json()["active_slots"]:
        time.sleep(2)
    show(what)


def main(home: str):
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ.update(PREFECT_HOME=home, DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
    os.environ["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"] = f"prefect.server.concurrency.lease_storage.{STORAGE}"
    print(f"lease storage: {STORAGE}")
    server = start(home)
    try:
        httpx.post(f"{LIMITS}/", json={"name": "tag:database", "limit": 2}).raise_for_status()
        acquire(2)
        show("2 slots acquired, lease 60 s, never released")
        wait_for_the_repossessor("after the lease, same server")
        lease = acquire(1).json()["lease_id"]
        acquire(1)
        show("2 slots acquired again")
        server.kill()
        server.wait()
        server = start(home)
        show("server killed (SIGKILL) and started again")
        answer = httpx.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": lease})
        show(f"one client releases its slot: HTTP {answer.status_code}")
        wait_for_the_repossessor("after the leases, new server")
        print(f"a new client asks for a slot: HTTP {acquire(1).status_code}")
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
