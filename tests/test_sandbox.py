"""Answers that hang, crash, lie or make a mess: a clear verdict each, and nothing harmed."""

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from conftest import CHECKOUT
from flows import warehouse
from workbook.grading import model, progress, sandbox
from workbook.grading.engine import judge
from workbook.grading.exercises import expect
from workbook.grading.model import NOT_YET, PASSED, Exercise

HOSTILE = sorted((Path(__file__).parent / "hostile").glob("*.py"))
RIGHT = (Path(__file__).parent / "answers" / "3.1" / "right_submit_then_collect.py").read_text(encoding="utf-8")


AIMED_AT = ("workbook/grading/engine.py", "workbook/grading/progress.py", "flows/shop.py", "LICENSE", "README.md")


def two_queries(answer: sandbox.Answer) -> None:
    seen = answer([3, 4], 0.3)
    expect.result(seen, expect.rows_of([3, 4]))
    expect.asked_in_tasks(seen, [3, 4])


EXERCISE = Exercise("3.1", "For the engine", 1, "three_at_a_time", (), two_queries)


def digest() -> str:
    """Of the files that hostile answers aim at."""
    files = [*(CHECKOUT / name for name in AIMED_AT), progress.file()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@pytest.fixture(scope="module")
def verdicts(prefect_server):
    warehouse.prepare()
    progress.remember("3.1", NOT_YET)  # a solved notebook may have passed it in this session
    before = digest()

    def judged(file: Path):
        text = file.read_text(encoding="utf-8")
        seconds = float(*re.findall(r"^# seconds: (.*)$", text, re.MULTILINE) or [60])
        return judge(EXERCISE, model.Source(EXERCISE.entry, text, name="hostile.py"), seconds)

    with ThreadPoolExecutor(max_workers=6) as pool:
        found = dict(zip(HOSTILE, pool.map(judged, HOSTILE), strict=True))
    assert digest() == before
    return found


@pytest.mark.slow
@pytest.mark.parametrize("file", HOSTILE, ids=lambda file: file.stem)
def test_a_hostile_answer_gets_a_clear_verdict(verdicts, file):
    verdict = verdicts[file]
    (wanted,) = re.findall(r"^# message: (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert verdict.outcome == NOT_YET
    assert re.search(wanted, verdict.message), verdict.message


@pytest.mark.slow
def test_nothing_is_left_behind(verdicts):
    def left() -> list[str]:
        running = (" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))
        return [line for line in running if "4321" in line]

    until = time.monotonic() + 10
    while left() and time.monotonic() < until:
        time.sleep(0.1)
    assert not left()


@pytest.mark.slow
def test_the_next_exercise_is_unharmed(verdicts):
    verdict = judge(EXERCISE, model.Source(EXERCISE.entry, RIGHT))
    assert verdict.outcome == PASSED, verdict.message


@pytest.mark.slow
@pytest.mark.parametrize(("held_up", "outcome"), [(60, PASSED), (0, NOT_YET)])
def test_the_time_in_which_its_grader_holds_an_answer_up_is_not_the_answers(prefect_server, held_up, outcome):
    def grade(answer: sandbox.Answer) -> None:
        answer._deadline = time.monotonic()
        answer.put_off(held_up)
        two_queries(answer)

    verdict = judge(replace(EXERCISE, grade=grade), model.Source(EXERCISE.entry, RIGHT))
    assert verdict.outcome == outcome, verdict.message


def test_a_notebook_makes_ready_for_its_first_check(prefect_server):
    runs = "any(child.pid == getattr(grader()._process, 'pid', 0) for child in psutil.Process().children())"
    cell = "import psutil\nfrom workbook import server\nfrom workbook.grading.grader import of_this_process as grader\n"
    cell += f"before = {runs}\nserver.ensure()\nprint(before, {runs})"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    assert notebook.cells[0].outputs[-1].text.endswith("False True\n")


@pytest.mark.second
def test_a_notebook_shows_none_of_prefects_log_lines(prefect_server):
    cell = "from workbook import server\nserver.ensure()\nimport logging, prefect.main\n"
    cell += "for name in ('prefect.engine', 'prefect._internal.concurrency'): logging.getLogger(name).error('raw')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    assert "raw" not in str(notebook.cells[0].outputs)
