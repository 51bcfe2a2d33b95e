"""`workbook doctor`: is everything in place that the lessons need? Each check is really tried, not looked up."""

import importlib.metadata
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows import warehouse
from workbook import server

PYTHONS = (3, 11), (3, 13)  # the first and the last that the lock was made for
FREE_MEGABYTES = 200  # the warehouse, the server's log and the published output take about a tenth of it
LOOKS = 3  # at slots that seem to be held by nobody


@dataclass(frozen=True)
class Check:
    """One thing looked at: what was found, and what to do about it when it is not well (None when it is)."""

    name: str
    found: str
    remedy: str | None = None


def checkup() -> list[Check]:
    """Run every check; none of them raises, and none changes anything."""
    return [look() for look in (_python, _lock, _home, _port, _server, _slots, _database, _kernel, _disk)]


def lock_mismatches(lock: Path = server.ROOT / "requirements.txt") -> list[str]:
    """The packages whose installed version is not the locked one, each as "name 1.0 (locked: 2.0)".

    Args:
        lock: the requirements file; only its lines for this Python and system count.
    """
    from packaging.requirements import Requirement

    wrong = []
    for line in lock.read_text().splitlines():
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
    with server.plain_errors(), get_client(sync_client=True) as client:
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
                 "`pip install -r requirements.txt` in the workbook's own environment")  # fmt: skip


def _home() -> Check:
    home = server.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"written")
    except OSError as error:
        return Check("Home", f"{home}: {error.strerror}", f"give yourself the right to write there, or remove {home}")
    return Check("Home", f"{home}, apart from your own Prefect profile")


def _port() -> Check:
    record, state = server.status()
    if state == "running":
        return Check("Port", f"{record.port}, held by the local server")
    for port in range(server.FIRST_PORT, server.FIRST_PORT + 100):
        if server.port_is_free(port):
            taken = (
                ""
                if port == server.FIRST_PORT
                else f" ({server.FIRST_PORT} has {server.port_owner(server.FIRST_PORT)})"
            )
            return Check("Port", f"{port} is free{taken}")
    return Check("Port", f"{server.FIRST_PORT} to {port} are all taken", "end a program that holds one of them")


def _server() -> Check:
    if server.given_url():
        try:
            server.ensure(say=lambda line: None)
        except server.ServerError as error:
            found, _, remedy = str(error).partition(": ")
            return Check("Server", found, remedy)
        return Check("Server", "the one that PREFECT_API_URL names answers")
    record, state = server.status()
    if state == "running":
        return Check("Server", f"healthy at {record.api_url}")
    if state == "not answering":
        return Check(
            "Server",
            f"process {record.pid} runs but does not answer",
            "`workbook server stop`, then try again",
        )
    return Check("Server", "not running; it starts when a flow needs it, or with `workbook server start`")


def _slots() -> Check:
    if not server.given_url() and server.status()[1] != "running":
        return Check("Slots", "none is taken while no server runs")
    try:
        server.ensure(say=lambda line: None)
        leaked = leaked_slots()
    except server.ServerError:
        return Check("Slots", "not known without a server that answers")
    if not leaked:
        return Check("Slots", "none is taken by nobody")
    tags = [f"{count} of the limit on {tag!r}" for tag, count in leaked.items()]
    remedy = " and ".join(f"`workbook server free-slots {shlex.quote(tag)}`" for tag in leaked)
    return Check("Slots", f"taken by nobody: {', '.join(tags)}", f"when no task with the tag runs, {remedy}")


def _database() -> Check:
    try:
        return Check("Database", warehouse.look())
    except warehouse.WarehouseError as error:
        found, _, remedy = str(error).rpartition(": ")
        return Check("Database", found, remedy.rstrip("."))


def _kernel() -> Check:
    from jupyter_client.manager import start_new_kernel

    try:
        manager, client = start_new_kernel(kernel_name="python3", startup_timeout=30, stderr=subprocess.DEVNULL)
    except Exception as error:  # whatever kept it from starting, the remedy is the same
        return Check(
            "Kernel",
            f"did not start ({error})",
            "`pip install -r requirements.txt` in the workbook's environment",
        )
    found: list[str] = []
    try:
        client.execute_interactive(
            "import sys; print(sys.executable)",
            timeout=30,
            output_hook=lambda message: found.append(message["content"].get("text", "").strip()),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    python = "".join(found)
    if python and Path(python).parent.samefile(Path(sys.executable).parent):
        return Check("Kernel", "a notebook kernel starts and runs this Python")
    return Check("Kernel", f"notebooks would run {python or 'no Python'}", "`python -m ipykernel install --sys-prefix`")


def _disk() -> Check:
    free = shutil.disk_usage(server.ROOT).free // 1_000_000
    found = f"{free:,} MB free, {server.ROOT} can be written"
    try:
        with tempfile.TemporaryFile(dir=server.ROOT) as file:
            file.write(b"x" * 1_000_000)
    except OSError as error:
        return Check(
            "Disk",
            f"{server.ROOT}: {error.strerror}",
            "give yourself the right to write there, or free space",
        )
    return Check("Disk", found, None if free >= FREE_MEGABYTES else f"free {FREE_MEGABYTES} MB")


def print_report(checks: list[Check], say: Callable[[str], None] = print) -> int:
    """Say each check in a line, with its remedy when it failed.

    Returns:
        The exit code: 1 if any failed, 0 otherwise.
    """
    for check in checks:
        say(
            f"{'FAIL' if check.remedy else 'ok':5} {check.name:8} {check.found}"
            + (f" → {check.remedy}" if check.remedy else "")
        )
    return int(any(check.remedy for check in checks))
