"""`workbook list | grade | hint | reset`, as a learner and an instructor use them."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from rich.console import Console

from conftest import CHECKOUT
from tests.production import wait_for
from workbook import cli, paths
from workbook.diagnosis import explain
from workbook.grading import exercises, gradebook, handed_in, notebook, progress, shown, submissions
from workbook.grading.grader import folder_of
from workbook.grading.model import Verdict
from workbook.lessons import notebooks
from workbook.timelines.timeline import Timeline

TOTAL = len(exercises.all_exercises())
RIGHT = (Path(__file__).parent / "answers" / "3.1" / "right_map.py").read_text(encoding="utf-8")
WRONG = (Path(__file__).parent / "answers" / "3.1" / "wrong_tag_typo.py").read_text(encoding="utf-8")


@pytest.fixture
def home(tmp_path, monkeypatch, grader):
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


def test_verdicts_are_shown_and_written(home, console, grader):
    folder = home / "mine"
    folder.mkdir()
    (folder / "3.1_first_try.py").write_text(WRONG)
    (folder / "02_parallel.ipynb").write_text("<html>")
    files = {kind: home / f"verdicts.{kind}" for kind in ("json", "junit", "csv", "markdown")}
    assert not gradebook.grade(["3.1"], console, grader, folder, files)
    shown = said(console)
    assert "3.1 As many at a time as the server allows: not yet" in shown and "'databse'" in shown
    assert "02_parallel.ipynb is a web page" in shown and "0 of 1 passed." in shown
    (row,) = json.loads(files["json"].read_text())
    assert row["outcome"] == "not yet" and "'databse'" in row["message"]
    assert [r["exercise"] for r in csv.DictReader(files["csv"].open(encoding="utf-8"))] == ["3.1"]
    suite = ElementTree.parse(files["junit"]).getroot()
    assert suite.get("failures") == "1" and "'databse'" in suite.find("testcase/failure").get("message")
    assert "| ❌ | 3.1 As many at a time as the server allows | not yet |" in files["markdown"].read_text()


@pytest.mark.second
def test_own_answers_become_progress_and_those_of_another_do_not(home, console, grader, monkeypatch):
    for name in ("notebooks", "solutions"):
        shutil.copytree(CHECKOUT / name, home / name)
    monkeypatch.setattr(paths, "ROOT", home)
    own, other = home / "notebooks" / "3.1.py", home / "other" / "3.1.py"
    other.parent.mkdir()

    def grade(file: Path, text: str) -> bool:
        file.write_text(text, encoding="utf-8")
        return gradebook.grade(["3.1"], console, grader, None if file == own else file.parent)

    assert grade(own, RIGHT) and progress.standing("3.1") == "passed"
    said(console)
    assert not grade(other, WRONG) and progress.standing("3.1") == "passed"
    assert "passed before" not in (shown := said(console)) and "0 of 1 passed." in shown
    assert not grade(own, WRONG) and progress.standing("3.1") == "passed before, not yet now"
    assert grade(other, RIGHT) and progress.standing("3.1") == "passed before, not yet now"


@pytest.mark.second
def test_an_untouched_checkout(home, console, grader):
    assert not gradebook.grade([], console, grader)
    shown = said(console)
    assert "Begin with 0.1" in shown and shown.count("not attempted") == len(exercises.all_exercises())
    assert "✗" not in shown and "✓" not in shown


@pytest.mark.second
def test_a_notebook_names_its_own_way_and_a_terminal_its_own(home, console, grader, capsys):
    folder = home / "mine"
    folder.mkdir()
    (folder / "3.1.py").write_text(WRONG, encoding="utf-8")
    gradebook.grade(["3.1"], console, grader, folder)
    assert "Stuck? Run `workbook hint 3.1`." in (in_terminal := said(console)) and "1 of " not in in_terminal
    notebook.hint("3.1")
    assert "Hint 1 of 3" in (hint := capsys.readouterr().out) and '`hint("3.1", 2)`' in hint
    cli.main(["hint", "3.1"])
    assert "`workbook hint 3.1 2`" in capsys.readouterr().out
    progress.remember("0.1", "passed")
    progress.remember("3.1", "not yet")
    notebook.progress_report(3)
    report = capsys.readouterr().out
    assert "✗ 3.1  As many" in report and f"1 of {TOTAL} passed. Next: 0.2 (" in report and "make lab" not in report
    gradebook.show_list(console)
    assert f"1 of {TOTAL} passed. Next: 0.2 (" in (listed := said(console)) and "`make lab`" in listed


def test_what_a_notebook_shows_is_html_and_the_same_as_text():
    verdict = shown.ShownVerdict(Verdict("3.1", "not yet", "It took <4 s>.\nSee `map`."))._repr_mimebundle_()
    assert "It took &lt;4 s&gt;." in verdict["text/html"] and "<code>map</code>" in verdict["text/html"]
    assert verdict["text/plain"].startswith("3.1 not yet: It took <4 s>.\nSee `map`.")
    explained = explain(Timeline())._repr_mimebundle_()
    assert (
        explained["text/plain"] == "No problems found: no task ran."
        and explained["text/plain"] in explained["text/html"]
    )


@pytest.mark.slow
def test_watching_grades_what_is_saved(home):
    folder = home / "mine"
    folder.mkdir()
    (folder / "3.1.py").write_text(notebooks.stub("3.1"), encoding="utf-8")
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
        wait_for(lambda: verdicts.exists() and outcome in verdicts.read_text(encoding="utf-8"))
        assert watching.poll() is None

    output = home / "output.txt"
    with output.open("w", encoding="utf-8") as said_there:
        watching = subprocess.Popen(command, cwd=CHECKOUT, stdout=said_there)
    try:
        until('"not attempted"')
        (folder / "3.1.py").write_text(WRONG, encoding="utf-8")
        until('"not yet"')
        (folder / "damaged.ipynb").write_text("{", encoding="utf-8")
        # Lines are broken where they end, in a long path too.
        wait_for(lambda: "damaged.ipynbisn'tJSON" in "".join(output.read_text().split()), output.read_text)
        (folder / "damaged.ipynb").unlink()
        (folder / "3.1.py").write_text(RIGHT, encoding="utf-8")
        until('"passed"')
    finally:
        watching.terminate()
        watching.wait(20)


def test_reset_restores_the_stub_and_keeps_the_work(home, monkeypatch):
    for name in ("notebooks", "solutions"):
        shutil.copytree(CHECKOUT / name, home / name)
    monkeypatch.setattr(paths, "ROOT", home)
    file = home / "notebooks" / "03_server_side_limits.ipynb"
    notebook = notebooks.read(file)
    (cell,) = [c for c in notebook.cells if "exercise-3.1" in c.metadata.get("tags", [])]
    untouched, cell.source = cell.source, "my own work"
    nbformat.write(notebook, file)
    backup = submissions.reset("3.1")
    assert backup.read_text() == "my own work"
    assert handed_in.collect(home / "notebooks").found["3.1"].text.endswith(untouched)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "workbook.cli", *words], capture_output=True, text=True, cwd=CHECKOUT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["grade", "9.9", "--from", "notebooks"], "There is no exercise '9.9'"),
        (["grade", "--from", "no/such/folder"], "There is no folder"),
        (["hint", "banana"], "There is no exercise 'banana'"),
        (["hint", "3.1", "7"], "has hints 1 to 3"),
        (["reset", "3.99"], "There is no exercise '3.99'"),
        (["grade", "--json", "/dev/null/x.json"], "can't be written"),
    ],
)
def test_a_mistake_is_said_in_one_sentence(words, sentence):
    done = run(*words)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.second
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("WORKBOOK_HOME", "-m workbook.cli grade 0.1"),
        ("WORKBOOK_HOME", "-m workbook.cli reset 0.1"),
        ("WORKBOOK_HOME", "-m workbook.cli race"),
        ("WORKBOOK_HOME", "flows/prefect_flow.py"),
        ("WORKBOOK_HOME", "scripts/setup_concurrency_limit.py"),
        ("WORKBOOK_DATA", "-m workbook.cli race"),
        ("WORKBOOK_DATA", "flows/prefect_flow.py"),
    ],
)
def test_where_nothing_can_be_written_the_variable_is_named(name, words, tmp_path, run_python, prefect_server):
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = run_python(*words.split(), **{name: str(tmp_path / "file" / "folder")})
    assert ran.returncode == 1 and "Traceback" not in ran.stderr
    (said,) = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert f"set {name} to a folder of your own" in said and str(tmp_path / "file") in said


def test_a_notebook_that_cannot_be_read(tmp_path):
    (tmp_path / "03_mine.ipynb").write_text("{ half a notebook")
    with pytest.raises(submissions.SubmissionError, match="isn't JSON"):
        handed_in.collect(tmp_path, timeout=0)


def test_a_spoiled_record_of_progress_is_begun_anew(home):
    progress.file().write_text("[not what it should be", encoding="utf-8")
    assert progress.standing("3.1") == "not attempted"
    progress.remember("3.1", "passed")
    assert progress.standing("3.1") == "passed"
