"""The doctor, and the lock that it checks."""

import json
import os
import socket
import subprocess
import sys
import uuid

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from conftest import CHECKOUT
from flows import warehouse
from tests.production import prefect_server_in
from workbook import paths
from workbook.prefect_server import doctor, limits, process


def test_the_installed_versions_are_the_locked_ones():
    assert doctor.lock_mismatches() == []


def test_the_lock_names_every_direct_dependency_and_this_checkout():
    text = (paths.ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert text.endswith("\n-e .\n")
    project = (paths.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.split("dependencies = [")[1].split("\n]")[0]
    entries = [line.strip() for line in block.splitlines() if line.strip()]
    for entry in entries:
        requirement, reason = entry.split("#")
        name = requirement.strip(' ",').split("[")[0].split("<")[0].split(">")[0]
        assert f"\n{name}==" in text.replace(f"\n{name}[binary]", f"\n{name}"), f"{name} is not in the lock"
        assert len(reason) > 10, f"{name} has no reason"


def test_a_wrong_and_a_missing_version_are_found(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "# comment\npytest==1.0\nno-such-thing==2\nruff==1 ; python_version < '3'\n-e .\n", encoding="utf-8"
    )
    wrong = doctor.lock_mismatches(lock)
    assert [w.split()[0] for w in wrong] == ["pytest", "no-such-thing"]
    assert "(locked: 1.0)" in wrong[0] and "missing" in wrong[1]


@pytest.mark.second
def test_prefects_server_imports(run_python):
    assert run_python("-c", "import prefect.server.api.server").returncode == 0


def test_all_is_well_with_the_server_up(prefect_server, capsys):
    checks = doctor.checkup()
    assert doctor.print_report(checks) == 0, capsys.readouterr().out
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [
        "Python",
        "Lock",
        "Home",
        "Port",
        "Server",
        "Slots",
        "Database",
        "Kernel",
        "Disk",
    ]
    assert f"healthy at {prefect_server.api_url}" in lines[4]
    assert doctor.print_report(checks, as_json=True) == 0
    assert [doctor.Check(**one) for one in json.loads(capsys.readouterr().out)] == checks


def test_what_is_wrong_comes_with_its_remedy(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr(doctor, "PYTHONS", ((3, 90), (3, 99)))
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path / "file" / "data"))
    monkeypatch.setattr(doctor, "lock_mismatches", lambda: ["a 1 (locked: 2)"] * 5)
    checks = {check.name: check for check in doctor.checkup() if check.name != "Kernel"}
    assert {name for name, check in checks.items() if check.remedy} == {"Python", "Lock", "Home", "Server", "Disk"}
    assert {name for name, check in checks.items() if not check.known} == {"Slots"}
    assert "make PYTHON=" in checks["Python"].remedy
    assert checks["Lock"].found.endswith("and 2 more") and "requirements.txt" in checks["Lock"].remedy
    assert all(f"set WORKBOOK_{name} to" in checks[at].remedy for name, at in (("HOME", "Home"), ("DATA", "Disk")))
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(doctor, "FREE_MEGABYTES", 10**12)
    assert doctor._disk().remedy.startswith("free ")
    assert doctor.print_report(list(checks.values())) == 1
    printed = capsys.readouterr().out
    assert "FAIL" in printed and "?     Slots" in printed
    assert doctor.print_report(list(checks.values()), as_json=True) == 1


def test_slots_that_nobody_holds_come_with_the_command_that_frees_them(prefect_server):
    tag = f"nobody {uuid.uuid4().hex}"
    limits.ensure_limit(tag, 3)
    try:
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=2))
        assert doctor.leaked_slots() == {tag: 2}
        check = doctor._slots()
        assert f"2 of the limit on {tag!r}" in check.found and f"free-slots '{tag}'" in check.remedy
        limits.free_slots(tag)
        assert doctor._slots().remedy is None
    finally:
        limits.remove_limit(tag)


OBSERVES = """
import time
from prefect import flow, task
from workbook import observe
from workbook.diagnosis import explain
from workbook.prefect_server.limits import ensure_limit

@task(tags=["slow"])
def query(index):
    time.sleep(0.3)

@flow
def four():
    [future.result() for future in query.map(range(4))]

ensure_limit("slow", 2)
print(explain(observe(four).timeline))
"""


@pytest.mark.production
@pytest.mark.slow
def test_a_server_with_a_long_slot_wait_is_told_how_to_be_quick(tmp_path, run_python):
    asks = "from workbook.prefect_server import doctor; print(doctor._slots())"
    for wait, quick in (("10", False), ("0.1", True)):
        (folder := tmp_path / wait).mkdir()
        setting = {"PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": wait}
        with prefect_server_in(folder, **setting) as started:
            given = {"PREFECT_API_URL": started.url, "WORKBOOK_STARTED_URL": None}
            ran, observed = run_python("-c", asks, **given), run_python("-c", OBSERVES, **given)
        assert "no slot has leaked" in ran.stdout and "remedy=None" in ran.stdout, ran.stderr
        assert ("SLOT_WAIT_SECONDS=0.1, and on PostgreSQL" in ran.stdout) != quick
        assert ("SLOT_WAIT_SECONDS to 0.1" in observed.stdout) != quick and observed.returncode == 0, observed.stderr


def test_a_slot_that_a_task_holds_has_not_leaked(prefect_server):
    tag = f"held-{uuid.uuid4().hex}"
    limits.ensure_limit(tag, 1)

    @task(tags=[tag])
    def holds():
        return limits.read_limit(tag).active_slots, doctor.leaked_slots()

    try:
        assert flow(holds)() == (1, {})
    finally:
        limits.remove_limit(tag)


def test_the_database_is_looked_at_and_not_built(monkeypatch, tmp_path):
    file = tmp_path / "shop.sqlite"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    assert doctor._database() == doctor.Check("Database", f"{file} is built when a flow first needs it")
    assert not file.exists()
    warehouse.prepare()
    assert doctor._database() == doctor.Check("Database", f"{file} answers")
    monkeypatch.setenv("DATABASE_URL", "postgresql://learner:not-a-secret@127.0.0.1:9/shop")
    check = doctor._database()
    assert (
        check.found.startswith("DATABASE_URL cannot be used at 127.0.0.1/shop (") and "not-a-secret" not in check.found
    )
    assert check.remedy == "correct DATABASE_URL, or `unset DATABASE_URL` to use the workbook's own SQLite file"


def test_a_kernel_that_does_not_start_is_said(monkeypatch):
    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", _no_such_kernel)
    check = doctor._kernel()
    assert "did not start" in check.found and "requirements.txt" in check.remedy


def test_a_notebook_in_another_python_is_said(tmp_path):
    """The doctor is asked in a cell of a kernel that is not the workbook's: its command line is all that counts."""
    elsewhere = tmp_path / "bin" / "python"
    elsewhere.parent.mkdir()
    elsewhere.symlink_to(sys.executable)
    asks = "from workbook.prefect_server import doctor; print(doctor._kernel())"
    kernel = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {asks!r}])"
    ran = subprocess.run([elsewhere, "-c", kernel, "ipykernel_launcher"], capture_output=True, text=True, cwd=CHECKOUT)
    assert f"this notebook runs {elsewhere}" in ran.stdout, ran.stderr
    assert "choose the kernel 'Prefect workbook'" in ran.stdout


def test_in_a_terminal_lines_are_wrapped_between_words(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    doctor.print_report(
        [doctor.Check("Server", "not running; it starts when a flow needs it", "`workbook server start`")]
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2 and all(len(line) <= 40 for line in lines)
    assert " ".join(" ".join(lines).split()).endswith("a flow needs it → `workbook server start`")


def _no_such_kernel(self, name):
    from jupyter_client.kernelspec import NoSuchKernel

    raise NoSuchKernel(name)


def test_who_holds_a_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"(pid {os.getpid()})" in process.port_owner(port)
    assert process.port_owner(port) == "nobody"
