"""`workbook doctor`: is everything in place that the lessons need? Each check is really tried, not looked up."""

import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from flows import publishing, warehouse
from workbook import paths
from workbook.prefect_server import connection, local, process

PYTHONS = (3, 11), (3, 13)  # the first and the last that the lock was made for
FREE_MEGABYTES = 200  # the warehouse, the server's log and the published output take about a tenth of it
QUICK_SLOTS = "start it with PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS=0.1, and on PostgreSQL, not SQLite"
LOOKS = 3  # at slots that seem to be held by nobody
# A .venv that uv made has no pip. After `touch`, make installs everything again, with uv or with pip.
REINSTALL = "`touch pyproject.toml`, then `make demo`; on Windows, `.venv\\Scripts\\pip install -r requirements.txt`"


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do about it when it is not well (None when it is).

    `known` is False if another check's problem kept this one from looking. That check has the remedy.
    """

    name: str
    found: str
    remedy: str | None = None
    known: bool = True


def checkup() -> list[Check]:
    """Run every check; none of them raises, and none changes anything."""
    return [look() for look in (_python, _lock, _home, _port, _server, _slots, _database, _kernel, _disk)]


def lock_mismatches(lock: Path = paths.ROOT / "requirements.txt") -> list[str]:
    """The packages whose installed version is not the locked one, each as "name 1.0 (locked: 2.0)".

    Args:
        lock: the requirements file; only its lines for this Python and system count.
    """
    from packaging.requirements import Requirement

    wrong = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "-e")):
            continue
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            installed = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed not in requirement.specifier:
            wrong.append(f"{requirement.name} {installed} (locked: {str(requirement.specifier).lstrip('=')})")
    return wrong


def leaked_slots() -> dict[str, int]:
    """The slots that are taken although nobody holds a lease on them, as {tag: how many}.

    The server counts the slots in its database and keeps the leases elsewhere, so a crash can lose the leases alone.
    Nothing ever gives such a slot back.

    Raises:
        ServerError: the server cannot be reached, or refuses.
    """
    from prefect.client.orchestration import get_client  # after the server is named: Prefect reads its settings now

    looks = []
    with connection.plain_errors(), get_client(sync_client=True) as client:
        for _ in range(LOOKS):  # a slot that is just being taken is counted before it has its lease
            limits = client.read_concurrency_limits(limit=200, offset=0)
            taken = {limit.name: limit.active_slots for limit in client.read_global_concurrency_limits(limit=200)}
            looks.append({limit.tag: taken.get(f"tag:{limit.tag}", 0) - len(limit.active_slots) for limit in limits})
            if not any(count > 0 for count in looks[-1].values()):
                return {}
            time.sleep(0.2)
    least = {tag: min(look.get(tag, 0) for look in looks) for tag in looks[0]}
    return {tag: count for tag, count in least.items() if count > 0}


def _python() -> Check:
    version = sys.version_info
    found = f"{version.major}.{version.minor}.{version.micro} at {sys.executable}"
    if PYTHONS[0] <= version[:2] <= PYTHONS[1]:
        return Check("Python", found)
    return Check("Python", found, "use 3.11 to 3.13: `make clean`, then `make PYTHON=python3.13 demo`")


def _lock() -> Check:
    wrong = lock_mismatches()
    if not wrong:
        return Check("Lock", "every package has its locked version")
    return Check("Lock", ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""),
                 REINSTALL)  # fmt: skip


def _home() -> Check:
    home = paths.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"written")
    except OSError as error:
        return Check(
            "Home", f"{home}: {error.strerror}", "make it writable, or set WORKBOOK_HOME to a folder of your own"
        )
    return Check("Home", f"{home}, separate from your own Prefect profile")


def _port() -> Check:
    record, state = local.status()
    if state == "running":
        return Check("Port", f"{record.port}, held by the local server")
    for port in range(local.FIRST_PORT, local.FIRST_PORT + 100):
        if process.port_is_free(port):
            taken = (
                "" if port == local.FIRST_PORT else f" ({local.FIRST_PORT} has {process.port_owner(local.FIRST_PORT)})"
            )
            return Check("Port", f"{port} is free{taken}")
    return Check("Port", f"{local.FIRST_PORT} to {port} are all taken", "stop a program that uses one of them")


def _server() -> Check:
    if connection.given_url():
        try:
            connection.ensure(say=lambda line: None)
        except local.ServerError as error:
            found, _, remedy = str(error).partition(": ")
            return Check("Server", found, remedy)
        return Check("Server", "the server that PREFECT_API_URL names is answering")
    record, state = local.status()
    if state == "running":
        return Check("Server", f"healthy at {record.api_url}")
    if state == "not answering":
        return Check(
            "Server",
            f"process {record.pid} is running but doesn't answer",
            "`workbook server stop`, then try again",
        )
    return Check("Server", "not running; it starts when a flow needs it, or with `workbook server start`")


def _slots() -> Check:
    if not connection.given_url() and local.status()[1] != "running":
        return Check("Slots", "no server is running, so no slot is taken")
    try:
        connection.ensure(say=lambda line: None)
        from prefect.client.orchestration import get_client

        from workbook.prefect_server.limits import slot_wait

        leaked = leaked_slots()
        with connection.plain_errors(), get_client(sync_client=True) as client:
            wait = slot_wait(client)
    except local.ServerError:
        return Check("Slots", "not looked at, because the server can't be used", known=False)
    if not leaked:
        # No more than a word: on PostgreSQL such a server may do well, and no server tells which database it has.
        slow = f"; the server's slot wait is {wait:g} s: if tasks wait too long for a slot, {QUICK_SLOTS}"
        return Check("Slots", f"no slot has leaked{slow if wait and wait > 1 else ''}")
    tags = [f"{count} of the limit on {tag!r}" for tag, count in leaked.items()]
    remedy = " and ".join(f"`workbook server free-slots {shlex.quote(tag)}`" for tag in leaked)
    return Check("Slots", f"leaked: {', '.join(tags)}", f"once no task with the tag is running, {remedy}")


def _database() -> Check:
    try:
        return Check("Database", warehouse.look())
    except warehouse.WarehouseError as error:
        found, _, remedy = str(error).rpartition(": ")
        return Check("Database", found, remedy.rstrip("."))


def _kernel() -> Check:
    """Whether a notebook's kernel has this Python: the one that this process was started from, and the one by name."""
    if (python := _kernel_above()) and not _same_environment(python):
        return Check("Kernel", f"this notebook runs {python}", f"choose the kernel {paths.KERNEL_NAME!r} for it")
    from jupyter_client.manager import start_new_kernel

    try:
        manager, client = start_new_kernel(
            kernel_name=paths.KERNEL,
            startup_timeout=30,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"IPYTHONDIR": str(paths.home() / "ipython")},
        )
    except Exception as error:  # whatever kept it from starting, the remedy is the same
        return Check("Kernel", f"{paths.KERNEL_NAME!r} did not start ({error})", REINSTALL)
    found: list[str] = []
    try:
        client.execute_interactive(
            "import sys, workbook; print(sys.executable)",
            timeout=30,
            output_hook=lambda message: found.append(message["content"].get("text", "").strip()),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    python = "".join(found)
    if python and _same_environment(python):
        return Check("Kernel", f"{paths.KERNEL_NAME!r} starts and runs this Python")
    found_there = f"{paths.KERNEL_NAME!r} runs {python or 'a Python without the workbook'}"
    return Check("Kernel", found_there, f"`jupyter kernelspec remove {paths.KERNEL}`, then {REINSTALL}")


def _kernel_above() -> str | None:
    """The Python of the notebook kernel in which this command was given; None if in none, or if it cannot be told."""
    try:
        commands = [process.cmdline() for process in psutil.Process().parents()]
    except psutil.Error:  # of another user's process, say
        return None
    pythons = [command[0] for command in commands if "ipykernel_launcher" in command]
    return pythons[0] if pythons and Path(pythons[0]).is_absolute() else None


def _same_environment(python: str) -> bool:
    return Path(python).parent.samefile(Path(sys.executable).parent)


def _disk() -> Check:
    folder = next(folder for folder in (publishing.data(), *publishing.data().parents) if folder.exists())
    free = shutil.disk_usage(folder).free // 1_000_000
    found = f"{free:,} MB free, {folder} can be written"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 1_000_000)
    except OSError as error:
        remedy = "free space, make it writable, or set WORKBOOK_DATA to a folder of your own"
        return Check("Disk", f"{folder}: {error.strerror}", remedy)
    return Check("Disk", found, None if free >= FREE_MEGABYTES else f"free {FREE_MEGABYTES} MB")


def print_report(checks: list[Check], as_json: bool = False) -> int:
    """Print each check in a line, with its remedy when it failed; a terminal's lines are wrapped between words.

    Args:
        checks: what was looked at.
        as_json: print an object for each check instead; the remedy of one that is well is null.

    Returns:
        The exit code: 1 if any failed, 0 otherwise.
    """
    failed = int(any(check.remedy for check in checks))
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
        return failed
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for check in checks:
        word = "FAIL" if check.remedy else "ok" if check.known else "?"
        line = f"{word:5} {check.name:8} {check.found}"
        line += f" → {check.remedy}" if check.remedy else ""
        print(textwrap.fill(line, width, subsequent_indent=" " * 15, break_long_words=False, break_on_hyphens=False))
    return failed
