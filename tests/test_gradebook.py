"""`workbook list | grade | hint | reset`, as a learner and an instructor use them."""

import csv
import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from rich.console import Console

from conftest import CHECKOUT
from tests.production import wait_for
from workbook import answers, exercises, gradebook, lessons, progress, server
from workbook.grader import folder_of

RIGHT = (Path(__file__).parent / "answers" / "3.1" / "right_map.py").read_text()
WRONG = (Path(__file__).parent / "answers" / "3.1" / "wrong_tag_typo.py").read_text()


@pytest.fixture
def home(tmp_path, monkeypatch, graders):
    """A learner who has done nothing yet. The grading server is the session's: its folder is where it was."""
    place = folder_of(0)
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    place.mkdir(parents=True, exist_ok=True)
    folder_of(0).symlink_to(place)
    return tmp_path


def said(console: Console) -> str:
    return console.export_text()


@pytest.fixture
def console():
    return Console(record=True, width=100, file=io.StringIO())


def test_verdicts_are_shown_kept_and_written(home, console, graders):
    folder = home / "mine"
    folder.mkdir()
    (folder / "3.1_first_try.py").write_text(WRONG)
    files = {kind: home / f"verdicts.{kind}" for kind in ("json", "junit", "csv")}
    assert not gradebook.grade(["3.1"], console, graders[0], folder, files)
    shown = said(console)
    assert "3.1 As many at a time as the server allows: not yet" in shown and "'databse'" in shown
    assert progress.standing("3.1") == "not yet"
    (row,) = json.loads(files["json"].read_text())
    assert row["outcome"] == "not yet" and "'databse'" in row["message"]
    assert [r["exercise"] for r in csv.DictReader(files["csv"].open())] == ["3.1"]
    suite = ElementTree.parse(files["junit"]).getroot()
    assert suite.get("failures") == "1" and "'databse'" in suite.find("testcase/failure").get("message")

    (folder / "3.1_first_try.py").write_text(RIGHT)
    assert gradebook.grade(["3.1"], console, graders[0], folder)
    assert progress.standing("3.1") == "passed"
    (folder / "3.1_first_try.py").write_text(WRONG)
    assert not gradebook.grade(["3.1"], console, graders[0], folder)
    assert progress.standing("3.1") == "passed before, not yet now"


def test_an_untouched_checkout(home, console, graders):
    assert not gradebook.grade([], console, graders[0])
    shown = said(console)
    assert "Begin with 0.1" in shown and shown.count("not attempted") == len(exercises.all_exercises())
    assert "✗" not in shown and "✓" not in shown


@pytest.mark.slow
def test_watching_grades_what_is_saved(home):
    folder = home / "mine"
    folder.mkdir()
    (folder / "3.1.py").write_text(lessons.stub("3.1"))
    verdicts = home / "verdicts.json"
    command = [
        sys.executable,
        "-m",
        "workbook.cli",
        "grade",
        "3.1",
        "--watch",
        "--from",
        str(folder),
        "--json",
        verdicts,
    ]

    def until(outcome: str) -> None:
        end = time.monotonic() + 60
        while not (verdicts.exists() and outcome in verdicts.read_text()):
            assert time.monotonic() < end and watching.poll() is None
            time.sleep(0.05)

    output = home / "output.txt"
    with output.open("w") as said_there:
        watching = subprocess.Popen(command, cwd=CHECKOUT, stdout=said_there)
    try:
        until('"not attempted"')
        (folder / "3.1.py").write_text(WRONG)
        until('"not yet"')
        (folder / "damaged.ipynb").write_text("{")
        wait_for(
            lambda: "damaged.ipynb cannot be read" in "".join(output.read_text().split("\n")), 60, output.read_text
        )
        (folder / "damaged.ipynb").unlink()
        (folder / "3.1.py").write_text(RIGHT)
        until('"passed"')
    finally:
        watching.terminate()
        watching.wait(20)


def test_reset_restores_the_stub_and_keeps_the_work(home, monkeypatch):
    for name in ("notebooks", "solutions"):
        shutil.copytree(CHECKOUT / name, home / name)
    monkeypatch.setattr(server, "ROOT", home)
    file = home / "notebooks" / "03_server_side_limit.ipynb"
    notebook = lessons.read(file)
    (cell,) = [c for c in notebook.cells if "exercise-3.1" in c.metadata.get("tags", [])]
    untouched, cell.source = cell.source, "my own work"
    nbformat.write(notebook, file)
    backup = answers.reset("3.1")
    assert backup.read_text() == "my own work"
    assert answers.collect(home / "notebooks")["3.1"].text.endswith(untouched)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "workbook.cli", *words], capture_output=True, text=True, cwd=CHECKOUT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["grade", "9.9", "--from", "tests/answers/3.1"], "There is no exercise '9.9'"),
        (["grade", "--from", "no/such/folder"], "There is no folder"),
        (["hint", "banana"], "There is no exercise 'banana'"),
        (["hint", "3.1", "7"], "has hints 1 to 3"),
        (["reset", "3.99"], "There is no exercise '3.99'"),
        (["grade", "--json", "/dev/null/x.json"], "cannot be written"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(words, sentence):
    done = run(*words)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_notebook_that_cannot_be_read(tmp_path):
    (tmp_path / "03_mine.ipynb").write_text("{ half a notebook")
    with pytest.raises(answers.AnswersError, match="cannot be read"):
        answers.collect(tmp_path)


def test_a_spoiled_record_of_progress_is_begun_anew(home):
    progress.file().write_text("[not what it should be")
    assert progress.standing("3.1") == "not attempted"
    progress.remember("3.1", "passed")
    assert progress.standing("3.1") == "passed"
