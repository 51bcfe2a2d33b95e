"""The whole of production on one machine: a Prefect server, the limit, a work pool, a deployment and a worker.

    python scripts/production.py up        # then: prefect deployment run main-etl-job/prod-etl
    python scripts/production.py status
    python scripts/production.py down      # nothing is left running

It does what docs/deployment_guide.md does step by step. With `PREFECT_API_URL` in the environment that server is used,
and only the worker is started. Everything that `up` starts carries a mark in its environment, and so do its children:
`down` finds them even when the worker that started them is dead.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import _start  # noqa: F401
import psutil

from workbook import paths, server
from workbook.paths import ROOT
from workbook.prefect_server import local
from workbook.prefect_server.local import ServerError

POOL, DEPLOYMENT, ENTRYPOINT = "prod-pool", "main-etl-job/prod-etl", "flows/prefect_flow.py:main_etl"
MARK = "WORKBOOK_PRODUCTION"  # the environment variable with the folder of the production that a process belongs to
WORKER_SECONDS = 60  # a worker takes 3 to 6 s on two cores until the server has heard of it
PREFECT = [sys.executable, "-m", "prefect"]


def main() -> None:
    commands = {"up": up, "down": down, "status": status}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=commands)
    wanted = parser.parse_args().command
    folder = paths.home() / "production"  # apart from the learner's own server, with the same limits on its life
    os.environ |= {"WORKBOOK_HOME": str(folder), MARK: str(folder)}
    try:
        commands[wanted](folder)
    except ServerError as error:
        sys.exit(f"Error: {error}")


def up(folder: Path) -> None:
    """Start what is not there yet; what fails half-way is ended again."""
    if any("worker" in process.cmdline() for process in members(folder)):
        sys.exit("Error: it is up already: see `python scripts/production.py status`, or take it down first.")
    try:
        server.ensure()
        _limit()
        _pool()
        _prefect("deploy", ENTRYPOINT, "--name", DEPLOYMENT.partition("/")[2], "--pool", POOL)
        _worker(folder / "worker.log")
    except BaseException:  # an interrupt too
        down(folder)
        raise
    print(f"Up: a worker serves {POOL!r}; its log is {folder / 'worker.log'}.")
    print(
        f"Run it:\n    export PREFECT_API_URL={os.environ['PREFECT_API_URL']}\n    prefect deployment run {DEPLOYMENT}"
    )


def down(folder: Path) -> None:
    """End all that `up` started, and what that started: gently, and after ten seconds by force."""
    ended = members(folder)
    for process in ended:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(ended, timeout=10)
    while left := members(folder):  # again and again: a worker that ends may just have started another process
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)
    local.stop()  # it has ended; this forgets it
    print(f"Down: {len(ended)} processes ended." if ended else "Nothing was up.")


def status(folder: Path) -> None:
    """Show each process that belongs to it; exit code 1 if there is none."""
    found = members(folder)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            print(f"pid {process.pid:>7}  {' '.join(process.cmdline()[1:])}")
    if not found:
        sys.exit("Nothing is up.")


def members(folder: Path) -> list[psutil.Process]:
    """The processes with the mark of this production; those of other users cannot be looked into, and are not ours."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            alive = process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid()
            if alive and process.environ().get(MARK) == str(folder):
                found.append(process)
    return found


def _limit() -> None:
    from flows.prefect_flow import LIMIT, TAG
    from workbook.prefect_server.limits import ensure_limit, read_limit

    if read_limit(TAG) is None:  # one that somebody has set stays as it is
        ensure_limit(TAG, LIMIT)


def _pool() -> None:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            _prefect("work-pool", "create", POOL, "--type", "process")


def _worker(log: Path) -> None:
    """Start a worker, and wait until the server has heard of it."""
    from prefect.client.orchestration import get_client

    name = f"production-{os.getpid()}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [*PREFECT, "worker", "start", "--pool", POOL, "--name", name],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + WORKER_SECONDS
    with get_client(sync_client=True) as client:
        while all(known.name != name for known in client.read_workers_for_work_pool(POOL)):
            if worker.poll() is not None or time.monotonic() > until:
                raise ServerError(
                    f"The worker did not start; its log says:\n{log.read_text(encoding='utf-8', errors='replace')}"
                )
            time.sleep(0.2)  # between two looks at a condition; nothing announces it


def _prefect(*arguments: str) -> None:
    """A `prefect` command in the checkout, silent unless it fails."""
    ran = subprocess.run(
        [*PREFECT, *arguments], cwd=ROOT, env=os.environ | {"PYTHONUTF8": "1"}, stdin=subprocess.DEVNULL,
        capture_output=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if ran.returncode:
        raise ServerError(f"`prefect {' '.join(arguments)}` failed:\n{ran.stdout}{ran.stderr}")


if __name__ == "__main__":
    main()
