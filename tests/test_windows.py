"""What a learner does, without what Windows does not have: these tests have never run on Windows itself.

Every process of theirs begins by taking away `os.fork`, `os.setsid`, `fcntl`, `resource` and some signals, and knows no
character but ASCII, where an encoding is not named.
"""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from conftest import put_tables
from workbook.prefect_server import local, process

WITHOUT = """
import multiprocessing.popen_spawn_posix, os, signal, subprocess, sys, types

import psutil  # this and the standard library end processes in another way on Windows: they keep their signals

for name in ("fork", "forkpty", "setsid", "getsid", "setpgid", "getpgid", "killpg", "getuid", "geteuid"):
    delattr(os, name)
fewer = ("SIGKILL", "SIGUSR1", "SIGUSR2", "SIGHUP", "pthread_kill")
sys.modules["signal"] = types.ModuleType("signal")
sys.modules["signal"].__dict__.update({n: v for n, v in vars(signal).items() if n not in fewer})
sys.modules["fcntl"] = sys.modules["resource"] = None
"""
OBSERVED = """
from workbook import server
server.ensure()
from prefect import flow, task
from workbook import observe

@task
def double(number):
    return 2 * number

@flow
def doubles():
    return double.map(range(3)).result()

import os, signal
assert not hasattr(os, "fork") and not hasattr(signal, "SIGKILL")
seen = observe(doubles)
print(seen.result, len(seen.timeline), seen.plot().png()[1:4])
"""
LISTENS = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def test_a_server_may_be_a_child_of_what_was_started():
    """As with the `python.exe` of an environment on Windows."""
    starter = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTENS!r}])"
    with psutil.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
        port = int(started.stdout.readline())
        assert process.listens(started, port) and not process.listens(started, 1)
        started.stdin.close()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_an_output_cannot_show_is_a_question_mark(stream, run_python):
    code = f"""
import sys
from workbook.prefect_server import process
process.print_anything()
sys.{stream}.write("a█")
"""
    assert getattr(run_python("-c", code, PYTHONIOENCODING="cp1252"), stream) == "a?"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoding", "environment"),
    [
        ("cp1252", {"PYTHONIOENCODING": "cp1252"}),
        ("ascii", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
)
def test_a_command_prints_where_few_characters_are_known(encoding, environment, prefect_server, run_python):
    for words in (
        "flows/prefect_flow.py",
        "scripts/setup_concurrency_limit.py --tag database --limit 3",
        "-m workbook.cli timeline",
        "-m workbook.cli list",
        "-m workbook.cli hint 3.1 2",
    ):
        ran = run_python(*words.split(), encoding=encoding, **environment)
        assert ran.returncode == 0, words + ran.stdout + ran.stderr


@pytest.fixture
def windows(run_python, tmp_path, monkeypatch):
    """Run a Python program where every process begins with less, and has folders of its own."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT, encoding="utf-8")
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path / "data"))
    put_tables(local.empty_database())
    (tmp_path / "data").mkdir()
    no_encoding = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    names = {name: None for name in os.environ if name.startswith("PREFECT_") or name == "WORKBOOK_STARTED_URL"}

    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    def run(*arguments: str) -> str:
        ran = run_python(*arguments, PYTHONPATH=path, **names, **no_encoding)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    yield run
    run("-m", "workbook.cli", "server", "stop")


@pytest.mark.slow
def test_a_learner_watches_a_flow_races_and_has_an_answer_graded(windows, tmp_path):
    assert "[0, 2, 4] 3 b'PNG'" in windows("-c", OBSERVED)
    raced = windows("-m", "workbook.cli", "race", "--queries", "3", "--limit", "2", "--seconds", "0.1")
    assert "The 4 lanes that completed returned the same rows." in raced and (tmp_path / "data" / "race.png").exists()
    assert "20 of 20 completed" in windows("flows/prefect_flow.py")
    answers = tmp_path / "answers"
    answers.mkdir()
    right = Path(__file__).parent / "answers" / "1.1" / "right_calls.py"
    (answers / "1.1.py").write_text(right.read_text(encoding="utf-8") + "\nprint('→')  # no ASCII\n", encoding="utf-8")
    graded = windows("-m", "workbook.cli", "grade", "1.1", "--from", str(answers))
    assert "1 of" in graded and "passed" in graded
