"""The grading process: apart from the learner's server, one answer at a time, and gone when it should be."""

import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import nbformat
import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from prefect.states import Completed

from conftest import CHECKOUT
from tests.production import wait_for
from tests.test_graders import FILES, chosen
from workbook.grading import engine, exercises
from workbook.grading.engine import unjudged
from workbook.grading.evidence import Run
from workbook.grading.exercises import expect
from workbook.grading.grader import folder_of, turn
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, NotYet, Source
from workbook.lessons import notebooks
from workbook.lessons.query_records import QueryRecord
from workbook.prefect_server import local
from workbook.timelines.timeline import Span, Timeline

HANGS = """
import threading
from prefect import flow

@flow
def three_at_a_time(indexes, seconds):
    threading.Event().wait()
"""


QUICK = [  # what the notebook's log, or a function's way out of the notebook, could make another verdict of
    file for file in FILES
    if f"{file.parent.name}-{file.stem}" in ("2.3-wrong_lock_in_the_task", "5.3-right_from_os_import_environ",
                                             "5.3-wrong_printed_before_much_noise", "5.3-wrong_remembered")
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
        wait_for(lambda number=number: len(list((tmp_path / "turns").glob("*.turn"))) == number == len(said) + 1)
    first_may_go.set()
    for thread in threads:
        thread.join(60)
    assert order == list("abcd")
    assert len(said) == 3 and "graded first" in said[0]


@pytest.mark.second
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_check_that_is_interrupted_leaves_no_process(grader, how):
    """Also when what asked for it is killed: a kernel, or a command in a terminal that is closed."""
    program = (
        "import signal, sys; from workbook.grading.grader import Grader; from workbook.grading.model import Source\n"
    )
    program += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # what a shell's background ignores
    program += "Grader(0).judge('3.1', Source('three_at_a_time', sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", program, HANGS], stderr=subprocess.DEVNULL) as asking:
        # The grader, the process that answers are forked from, its helper, and the answer.
        wait_for(lambda: len(family(asking.pid)) > 3)
        ours = family(asking.pid)
        asking.send_signal(how)
        asking.wait(60)
    assert not psutil.wait_procs(ours, timeout=30)[1]


def family(pid: int) -> list[psutil.Process]:
    """What a process has started, without the grading server, which stays."""
    record = local.read_record(folder_of(0))
    started = psutil.Process(pid).children(recursive=True)
    return [process for process in started if record is None or process.pid != record.pid]


NOTEBOOK = """
from workbook import check
for exercise_id, entry, text in ANSWERS:
    exec(text, globals())
    try:
        check(exercise_id, globals()[entry])
    except AssertionError as error:
        assert str(error).startswith(f"{exercise_id} isn't right yet"), error
"""


@pytest.mark.second
def test_a_check_shows_where_it_is_and_then_its_verdict_in_the_same_place(prefect_server):
    """The verdict is the only output of its cell: what was shown meanwhile is gone."""
    answer = next(file for file in FILES if file.match("1.1/right_calls.py")).read_text(encoding="utf-8")
    cells = [answer, f"from workbook import check\ncheck('1.1', {exercises.find('1.1').entry})"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    seen = []

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            seen.append(msg["content"].get("data", {}).get("text/plain", ""))
            return super().process_message(msg, cell, cell_index)

    Client(notebook, timeout=120, kernel_name="python3").execute()
    assert [out.data["text/plain"][:10] for out in notebook.cells[1].outputs] == ["1.1 passed"]
    meanwhile = [said.partition(",")[0] for said in seen if said.startswith("Checking 1.1")]
    assert list(dict.fromkeys(meanwhile))[0:2] == ["Checking 1.1: starting", "Checking 1.1: run 1"]


@pytest.mark.second
@pytest.mark.parametrize(
    "files",
    [QUICK, pytest.param(sorted((chosen("wrong", 1) | chosen("right", 1)) - set(QUICK)), marks=pytest.mark.slow)],
)
def test_a_notebook_draws_the_same_verdicts_as_the_command_line(files, grader):
    """Answers run as cells, checked there: also those whose leak only shows in a log that a notebook does not print."""
    texts = [(exercises.find(file.parent.name), file.read_text(encoding="utf-8")) for file in files]
    answers = [(exercise.id, exercise.entry, text) for exercise, text in texts]
    cell = f"ANSWERS = {answers!r}\n{NOTEBOOK}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    said = [out.data["text/plain"] for out in notebook.cells[0].outputs if "data" in out]
    for file, (exercise, text), verdict in zip(files, texts, said, strict=True):
        (wanted,) = re.findall(r"^# message: (.*)$", text, re.MULTILINE) or [f"^{exercise.id} passed"]
        assert re.search(wanted, verdict), f"{file}: {verdict}"


# ----------------------------------------
# What is told without a run


@pytest.mark.parametrize(
    ("exercise_id", "old", "new"),
    [
        ("3.1", "max_workers=3", "max_workers=5"),
        ("1.3", "extract.submit(index, seconds).result()", "extract.submit(index, seconds)"),
        ("6.1", "reportng", "reporting"),  # in another function than the one with the line
        ("9.1", '@task(task_run_name="query-{index}")', '@task(task_run_name="query-{index}", retries=2)'),
    ],
)
def test_a_raise_line_that_is_left_in_is_said(exercise_id, old, new):
    exercise, stub = exercises.find(exercise_id), notebooks.stub(exercise_id)
    assert old in stub
    verdict = unjudged(exercise, Source(exercise.entry, f"import os\n\n{stub.replace(old, new)}"))
    assert verdict.outcome == NOT_YET
    assert verdict.message.startswith(f"`{exercise.entry}` still has its `raise NotImplementedError` line. Delete")


@pytest.mark.parametrize("exercise_id", [exercise.id for exercise in exercises.all_exercises()])
def test_a_stub_is_not_attempted_and_an_answer_is_run(exercise_id):
    """Also a stub with a note, in another layout, or from a time when its line was worded otherwise."""
    exercise = exercises.find(exercise_id)
    stub = notebooks.stub(exercise_id)
    reworded = re.sub(r'NotImplementedError\(".*"\)', 'NotImplementedError("to do")', f"# mine\n{stub}")
    assert unjudged(exercise, Source(exercise.entry, reworded)).outcome == NOT_ATTEMPTED
    answers = [file for file in FILES if file.parent.name == exercise_id]
    assert not [
        file for file in answers if unjudged(exercise, Source(exercise.entry, file.read_text(encoding="utf-8")))
    ]


def test_a_function_whose_cell_was_changed_and_run_since_is_known():
    """By its cell's id or, where the notebook's server gives none, by a later cell with its name after `def`."""
    define, broken = "def mine():\n    return 1", "def mine()\n    return 2"
    ask = "print(cells.changed(mine))"
    cells = [
        ("a", "from workbook.grading import cells\ncells.watch(get_ipython())", ""),
        ("b", define, ""), ("c", ask, "False"),
        ("b", broken, ""), ("c", ask, "True"),
        ("b", define, ""), ("c", ask, "False"),
        ("b", "def other():\n    return 2", ""), ("c", ask, "True"),
        ("d", f"{define} + 1", ""), ("c", ask, "False"),  # now it is from another cell
        ("e", "former = mine", ""), ("d", define, ""), ("c", "print(cells.changed(former))", "False"),
        (None, broken, ""), (None, ask, "True"),
        (None, define, ""), (None, ask, "False"),
        (None, "undefined\ndef mine():\n    return 3", ""), (None, ask, "True"),
    ]  # fmt: skip
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(CHECKOUT))
    try:
        said = [run_cell(client, cell_id, code) for cell_id, code, _ in cells]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert said == [wanted for _, _, wanted in cells]


def run_cell(client, cell_id: str | None, code: str) -> str:
    """Run a cell as JupyterLab does, with its id; returns what it printed."""
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = client.session.msg("execute_request", content | {"stop_on_error": False})
    message["metadata"] = {"cellId": cell_id} if cell_id else {}
    client.shell_channel.send(message)
    printed = ""
    while True:
        heard = client.get_iopub_msg(timeout=60)
        if heard["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            if heard["msg_type"] == "stream":
                printed += heard["content"]["text"]
            if heard["content"].get("execution_state") == "idle":
                return printed.strip()


def test_an_exercise_may_be_named_by_its_number():
    assert exercises.find(3.1) is exercises.find("3.1")
    for other in (7, "first", print):
        with pytest.raises(exercises.UnknownExercise, match='shows them all, from "0'):
            exercises.find(other)


def test_a_cell_that_was_not_run_is_said():
    """What the flow raised is said, whatever the grader missed because of it; in a notebook, with the way out."""
    ended = SimpleNamespace(error="NameError: name 'query' is not defined")
    for pickled, remedy in ((b"a function", "run the cell that defines 'query' first"), (b"", "define 'query' first")):
        answer = SimpleNamespace(runs=[ended], source=Source("first_flow", pickled=pickled))
        said = engine._undefined(answer, "No task ran.")
        assert said == f"Your answer uses 'query', which is not defined: {remedy}, or correct the name."
    assert not engine._undefined(SimpleNamespace(runs=[]), "No task ran.")


def test_records_that_never_came_are_nobodys_mistake():
    seen = Run(uuid4(), "run", Completed(), Timeline(()), missing=2)
    with pytest.raises(NotYet, match="2 of your task runs ran, but their records never reached the server"):
        expect.inside_tasks(seen, [1, 2])


def test_the_figure_of_a_verdict_shows_queries_where_they_differ_from_their_task_runs():
    def drawn(*asked: QueryRecord) -> list[int]:
        spans = (Span(f"query-{index}", index, 0.0, 0.0, 2.0, id=str(index)) for index in range(2))
        seen = Run(uuid4(), "run", Completed(), Timeline(tuple(spans)), asked=asked)
        return [len(span.queries) for span in seen.with_queries()]

    one, other = (QueryRecord(index, 1.0, str(index), "run", 0.1, 1.9) for index in range(2))
    assert drawn(one, other) == [0, 0], "each fills its task run"
    assert drawn(one, replace(other, start=1.9, end=2.0)) == [1, 1], "both task runs ran at once, their queries didn't"
    assert drawn(one, replace(other, start=1.9, end=2.0, error="no such table")) == [0, 0], "it failed at once"
    assert drawn(one, replace(other, task_run_id="0")) == [2, 0]


def test_each_part_of_a_message_is_a_sentence():
    assert str(NotYet("It ended Failed: no such table", "It should complete.", "")) == (
        "It ended Failed: no such table. It should complete."
    )
