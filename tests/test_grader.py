"""The grading process: apart from the learner's server, one answer at a time, and gone when it should be."""

import json
import signal
import subprocess
import sys
import threading

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from tests.production import wait_for
from tests.test_graders import CHOSEN, FILES
from workbook import exercises, server
from workbook.grader import folder_of, turn

HANGS = """
import threading
from prefect import flow

@flow
def three_at_a_time(indexes, seconds):
    threading.Event().wait()
"""


QUICK = [
    file for file in FILES
    if file.parent.name == "5.3" and file.stem in ("right_from_os_import_environ", "wrong_printed_before_much_noise")
]  # fmt: skip


def test_gradings_take_turns_in_the_order_in_which_they_came(tmp_path):
    order, first_may_go = [], threading.Event()

    def grade(name: str) -> None:
        with turn(tmp_path, said.append):
            order.append(name)
            if name == "a":
                first_may_go.wait(60)

    said: list[str] = []
    threads = []
    for number, name in enumerate("abcd", start=1):
        threads.append(threading.Thread(target=grade, args=(name,)))
        threads[-1].start()
        wait_for(lambda number=number: len(list((tmp_path / "turns").glob("*.turn"))) == number, 60)
    first_may_go.set()
    for thread in threads:
        thread.join(60)
    assert order == list("abcd")
    assert len(said) == 3 and "yours is next" in said[0]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_check_that_is_interrupted_leaves_no_process(graders, how):
    """Also when what asked for it is killed: a kernel, or a command in a terminal that is closed."""
    program = "import signal, sys; from workbook.grader import Grader; from workbook.answers import Source\n"
    program += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # what a shell's background ignores
    program += "Grader(0).judge('3.1', Source('three_at_a_time', sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", program, HANGS], stderr=subprocess.DEVNULL) as asking:
        # The grader, the process that answers are forked from, its helper, and the answer.
        wait_for(lambda: len(family(asking.pid)) > 3, 120)
        ours = family(asking.pid)
        asking.send_signal(how)
        asking.wait(60)
    assert not psutil.wait_procs(ours, timeout=30)[1]


def family(pid: int) -> list[psutil.Process]:
    """What a process has started, without the grading server, which stays."""
    record = server.read_record(folder_of(0))
    started = psutil.Process(pid).children(recursive=True)
    return [process for process in started if record is None or process.pid != record.pid]


NOTEBOOK = """
from workbook import check
outcomes = {}
for exercise_id, entry, text in ANSWERS:
    exec(text, globals())
    try:
        check(exercise_id, globals()[entry])
        outcomes[text] = "passed"
    except AssertionError:
        outcomes[text] = "not yet"
import json
print("OUTCOMES", json.dumps(list(outcomes.values())))
"""


@pytest.mark.parametrize("files", [QUICK, pytest.param(sorted(CHOSEN - set(QUICK)), marks=pytest.mark.slow)])
@pytest.mark.timeout(1200)
def test_a_notebook_draws_the_same_verdicts_as_the_command_line(files, graders):
    """Answers run as cells, checked there: also those whose leak only shows in a log that a notebook does not print."""
    texts = [(exercises.find(file.parent.name), file.read_text()) for file in files]
    answers = [(exercise.id, exercise.entry, text) for exercise, text in texts]
    cell = f"ANSWERS = {answers!r}\n{NOTEBOOK}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, timeout=1100, kernel_name="python3").execute()
    said = "".join(out.get("text", "") for out in notebook.cells[0].outputs)
    wanted = ["passed" if file.name.startswith("right_") else "not yet" for file in files]
    assert json.loads(said.rpartition("OUTCOMES")[2]) == wanted
