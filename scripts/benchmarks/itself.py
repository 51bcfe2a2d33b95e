"""Part four: the workbook itself: how long until something is to be seen, and how long verdicts take.

Everything runs as a learner runs it: a notebook's cells in a kernel, commands in a process, in a new home.
"""

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks import surroundings
from benchmarks.results import Results
from workbook.lessons import notebooks
from workbook.paths import ROOT

WORKBOOK = [sys.executable, "-m", "workbook.cli"]
EXERCISE, CHECK = "2.1", 'check("2.1", all_at_once)'
COMMAND_SECONDS = 900
# Not run, but listed with the reason: each takes longer than the whole benchmark.
NEVER = {
    "all right answers 100 times": "one round takes 8 to 16 minutes; `ROUNDS=1 pytest tests/test_graders.py -k rounds`",
    "`make test`": "it takes as long as a third of this benchmark; it prints its own time",
}


def itself(results: Results, folder: Path, quick: bool) -> None:
    rounds = 1 if quick else 3
    for what, reason in NEVER.items():
        results.not_run(what, reason)
    for number in range(rounds):
        with _home(folder / f"first-{number}") as home:
            _note(results, "from nothing to the first figure: kernel, server, lesson 00", _first_figure(home))
    with _home(folder / "later") as home:
        for _ in range(rounds):
            _in_a_notebook(results, home)
        notebooks_only = shutil.ignore_patterns("*.py", "__pycache__")  # as a learner's folder has them
        answers = shutil.copytree(ROOT / "solutions", folder / "answers", ignore=notebooks_only)
        one = [*WORKBOOK, "grade", EXERCISE, "--from", str(answers)]
        code = "import time; begun = time.perf_counter(); import workbook; print(time.perf_counter() - begun)"
        for _ in range(rounds):
            said = surroundings.call([sys.executable, "-c", code], home, folder, COMMAND_SECONDS)
            _note(results, "`import workbook`", float(said))
            _note(results, f"`workbook grade {EXERCISE}`", _timed(one, home, folder))
        if quick:
            results.not_run("`workbook grade` of all solutions", "it takes minutes, and this was a short run")
        else:
            _note(results, "`workbook grade` of all solutions", _timed([*one[:4], *one[5:]], home, folder))


@contextlib.contextmanager
def _home(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a learner who begins; the servers that were started in it are ended."""
    folder.mkdir()
    environment = surroundings.clean_environment(folder, WORKBOOK_DATA=str(folder / "data"))
    try:
        yield environment
    finally:
        surroundings.call([*WORKBOOK, "server", "stop"], environment, folder, COMMAND_SECONDS)


def _note(results: Results, what: str, seconds: float) -> None:
    case = next((case for case in results.data["workbook"] if case["name"] == what), None)
    (case["rounds"] if case else results.case("workbook", name=what)).append({"seconds": seconds})
    results.save()
    print(f"  {what}: {seconds:.1f} s", flush=True)


def _timed(command: list[str], home: dict[str, str], folder: Path) -> float:
    begun = time.perf_counter()
    surroundings.call(command, home, folder, COMMAND_SECONDS)
    return time.perf_counter() - begun


def _client(notebook: NotebookNode) -> NotebookClient:
    return NotebookClient(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})


def _first_figure(home: dict[str, str]) -> float:
    """Seconds until the first cell that shows a picture has ended, of the solved lesson 00 in a new kernel."""
    notebook = nbformat.read(ROOT / "solutions" / "00_start_here.ipynb", as_version=4)
    client, begun = _client(notebook), time.perf_counter()
    with client.setup_kernel(env=home):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", ())):
                break
        seconds = time.perf_counter() - begun
    return seconds


def _in_a_notebook(results: Results, home: dict[str, str]) -> None:
    """The cells that a learner waits for, in a new kernel; the server runs already but the first time."""
    solved = nbformat.read(ROOT / "solutions" / "02_parallel.ipynb", as_version=4)
    answer = notebooks.answers(solved)[EXERCISE]
    run = "all_at_once([8, 3, 12, 5], 0.11)"
    cells = ["from workbook import check, server\nserver.ensure()", answer, run, run, CHECK, CHECK, CHECK]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    _client(notebook).execute(env=home)
    took = [_seconds(cell) for cell in notebook.cells]
    starts = "set-up cell that starts the server"
    started = any(case["name"] == starts for case in results.data["workbook"])
    _note(results, "set-up cell, server running" if started else starts, took[0])
    _note(results, f"the flow of {EXERCISE} in a cell, for comparison", took[3])
    _note(results, f"first `check` of {EXERCISE} in a notebook", took[4])
    for seconds in took[5:]:
        _note(results, f"later `check` of {EXERCISE}", seconds)


def _seconds(cell: NotebookNode) -> float:
    begun, ended = (cell.metadata["execution"][name] for name in ("iopub.execute_input", "shell.execute_reply"))
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
