"""`workbook grade --class`: what learners hand in, in whatever state, and what the instructor gets from it."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
import yaml

from conftest import CHECKOUT, put_tables
from tests import classes
from tests.classes import SOURCES, answer, as_file, exported, lesson, put, zipped
from tests.production import wait_for
from workbook.grading import class_report, classroom, exercises, handed_in, handed_in_files, progress
from workbook.grading.class_report import Graded
from workbook.grading.engine import unjudged
from workbook.grading.handed_in import HandedIn
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Source, Verdict
from workbook.grading.submissions import Found
from workbook.lessons import notebooks
from workbook.prefect_server import local

pytestmark = pytest.mark.second

L0, L1, L6 = "00_start_here", "01_sequential", "06_limits_that_do_not_limit"
MINE = "def chain(index, seconds):\n    return index"
HANGS = """
import threading

from prefect import flow


@flow
def counts(indexes, seconds):
    threading.Event().wait()
"""


# ----------------------------------------
# What is handed in


def test_damaged_files_are_named_and_the_rest_is_read(tmp_path):
    put(tmp_path, {
        "00_start_here.ipynb": "", f"{L1}.ipynb": as_file(lesson(L1, **{"1.1": MINE})),
        "02_parallel.ipynb": "<!DOCTYPE html>\n<html><body>JupyterHub</body></html>", "03_mine.ipynb": '{"cells": [',
        "04_batches.ipynb": "[1, 2]", "05_x.ipynb": '{"cells": [{"cell_type": "code"}]}', "07_x.ipynb": "[" * 100_000,
        "08_async_and_child_flows.py": "print('exported without its cells')", "9.1.py": b"\xff\xfe",
        "12_capstone.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "helper.py": "x = 1",
        ".ipynb_checkpoints/01_sequential-checkpoint.ipynb": as_file(lesson(L1)), "solutions/1.2.py": "the workbook's",
    })  # fmt: skip
    found = handed_in.read(tmp_path)
    assert set(found.found) == {"1.1", "1.2", "1.3"} and found.found["1.1"].text.endswith(MINE)
    said = "\n".join(found.problems)
    for line in (
        "00_start_here.ipynb is empty.",
        "02_parallel.ipynb is a web page, not a notebook: download the notebook itself.",
        "03_mine.ipynb isn't JSON (Expecting value, line 1), so it's no notebook: save it again.",
        "04_batches.ipynb is JSON, but no notebook (TypeError",
        "05_x.ipynb is JSON, but no notebook (KeyError: 'nbformat')",
        "07_x.ipynb isn't JSON (RecursionError), so it's no notebook",
        "08_async_and_child_flows.py has no exercise in it: hand in the whole notebook.",
        "9.1.py isn't UTF-8 text: save it again.",
        "12_capstone.ipynb has no exercise in it: hand in the whole notebook.",
    ):
        assert line in said
    assert len(found.problems) == 9


def test_a_folder_with_nothing_to_grade_is_named(tmp_path):
    put(tmp_path, {"readme.txt": "hello"})
    assert handed_in.read(tmp_path).problems[0].startswith("Nothing to grade was found")
    with pytest.raises(handed_in.SubmissionError, match=r"can't be graded\. Nothing to grade was found"):
        handed_in.collect(tmp_path, timeout=0)


def test_only_a_damaged_file_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in.time, "sleep", lambda _: pytest.fail("it waits, though no file is damaged"))
    put(tmp_path, {f"{L1}.ipynb": as_file(lesson(L1, **{"1.1": MINE})), "1.1.py": f"{MINE} + 1"})
    assert len(handed_in.collect(tmp_path).problems) == 1


def test_deleted_cells_are_named(tmp_path):
    notebook = lesson(L1)
    notebook.cells = [cell for cell in notebook.cells if "exercise-1.2" not in cell.metadata.get("tags", [])]
    put(tmp_path, {f"{L1}.ipynb": as_file(notebook)})
    found = handed_in.read(tmp_path)
    assert set(found.found) == {"1.1", "1.3"}
    assert found.problems == (f"{L1}.ipynb has no cell for 1.2: the cell, or its tag, was deleted.",)


@pytest.mark.parametrize(
    ("files", "counts", "problem"),
    [
        ({f"{L1}-Copy1.ipynb": MINE}, MINE, ""),
        ({f"{L1}.ipynb": None, f"{L1}-Copy1.ipynb": MINE}, MINE, ""),  # the stub does not hide the answer
        ({f"{L1}.ipynb": MINE, f"{L1}-Copy1.ipynb": None}, MINE, ""),
        ({f"{L1}.ipynb": MINE, f"{L1} (1).ipynb": f"{MINE} + 1"}, MINE, f"{L1}.ipynb counts, not {L1} (1).ipynb."),
        ({f"notebooks/{L1}.ipynb": MINE}, MINE, ""),
        ({f"{L1}.ipynb": MINE, f"{L1} (1).ipynb": MINE.replace("\n", "\n\n") + "\n\n"}, MINE, ""),
    ],
)
def test_a_copy_counts_where_the_original_is_missing_or_untouched(tmp_path, files, counts, problem):
    put(tmp_path, {name: as_file(lesson(L1, **({"1.1": text} if text else {}))) for name, text in files.items()})
    found = handed_in.read(tmp_path)
    assert found.found["1.1"].text.endswith(counts)
    assert found.problems == ((f"1.1 is answered more than once: {problem}",) if problem else ())


def test_what_an_answer_uses_of_other_cells_comes_with_it(tmp_path):
    """In the notebook it's there: an import in a cell above, a helper, and what the helper uses."""
    notebook = lesson(L1, **{"1.1": "def chain(index, seconds):\n    return helper(index) + log(seconds)"})
    cells = (
        "from math import log, pi\nimport decimal\nprint(1)",
        "def twice(n): return 2 * n",
        "%time\ndef helper(n):\n    return twice(n)",
    )
    notebook.cells[1:1] = [notebooks.nbformat.v4.new_code_cell(cell) for cell in cells]
    put(tmp_path, {f"{L1}.ipynb": as_file(notebook)})
    text = handed_in.read(tmp_path).found["1.1"].text
    names = {}
    exec(text.partition("@task")[0].partition("from workbook")[0] + text[text.index("from math") :], names)
    assert names["chain"](3, 1) == 6 and "decimal" not in names and "print(1)" not in text


@pytest.mark.parametrize("stem", [stem for stem in SOURCES])
def test_an_exported_notebook_has_the_same_answers(stem, tmp_path):
    """JupyterLab's export has no tags any more; untouched it is not attempted, solved it is to be run."""
    for solved in (False, True):
        notebook = notebooks.build(SOURCES[stem], solved)
        put(tmp_path, {f"{stem}.py": exported(notebook)})
        found = handed_in.read(tmp_path).found
        assert {exercise_id: answered.text for exercise_id, answered in found.items()} == notebooks.answers(notebook)
        for exercise_id, answered in found.items():
            exercise = exercises.find(exercise_id)
            verdict = unjudged(exercise, answered.source(exercise))
            assert verdict is None if solved else verdict.outcome == NOT_ATTEMPTED


def test_an_export_whose_set_up_was_changed_keeps_the_change(tmp_path):
    notebook = lesson(L1, **{"1.1": MINE})
    setup = next(cell for cell in notebook.cells if "setup" in cell.metadata.get("tags", []))
    setup.source = f"import math\n{setup.source}"
    put(tmp_path, {f"{L1}.py": exported(notebook)})
    assert "import math" in handed_in.read(tmp_path).found["1.1"].text


def test_a_zip_is_read_without_being_unpacked(tmp_path, monkeypatch):
    files = {f"ann/{L1}.ipynb": as_file(lesson(L1, **{"1.1": MINE})), "../../outside.ipynb": "{}", "/abs.py": "x"}
    files |= {"__MACOSX/._01_sequential.ipynb": "x", "ann/1.2.py": b"0" * (handed_in_files.MEGABYTES + 1 << 20)}
    put(tmp_path, {"in/ann.zip": zipped(files)})
    found = handed_in.read(tmp_path / "in" / "ann.zip")
    assert found.name == "ann" and found.found["1.1"].text.endswith(MINE)
    assert sorted(found.problems) == [
        "../../outside.ipynb names a place outside its zip: it was not read.",
        "/abs.py names a place outside its zip: it was not read.",
        "ann/1.2.py is larger than 100 MB: clear its outputs, and hand it in again.",
    ]
    assert [file.name for file in tmp_path.rglob("*")] == ["in", "ann.zip"]
    put(tmp_path, {"wrapped/handed in.zip": zipped({"1.1.py": MINE}), "wrapped/half.zip": zipped(files)[:300]})
    wrapped = handed_in.read(tmp_path / "wrapped")
    assert wrapped.found["1.1"].text == MINE
    assert wrapped.problems == ("half.zip can't be read as a zip (File is not a zip file): pack it again.",)
    monkeypatch.setattr(handed_in_files, "FILES", 1)
    assert "There are more than 1 files" in handed_in.read(tmp_path / "in" / "ann.zip").problems[-1]


def test_an_encrypted_zip_is_named(tmp_path):
    packed = bytearray(zipped({"1.1.py": MINE}))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the bit that says so, in both headers
        packed[packed.find(mark) + flags] |= 1
    put(tmp_path, {"ann.zip": bytes(packed)})
    found = handed_in.read(tmp_path / "ann.zip")
    assert found.problems[1] == "1.1.py is encrypted: pack it again without a password." and not found.found


def test_a_link_to_a_file_elsewhere_is_not_followed(tmp_path):
    put(tmp_path, {"mine/1.1.py": "the instructor's", "ann/1.2.py": MINE})
    (tmp_path / "ann" / "1.1.py").symlink_to(tmp_path / "mine" / "1.1.py")
    found = handed_in.read(tmp_path / "ann")
    assert set(found.found) == {"1.2"}
    assert found.problems == ("1.1.py is a link to a file elsewhere: it was not read.",)


def test_huge_outputs_are_left_aside(tmp_path):
    notebook = lesson(L1, **{"1.1": MINE})
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs = [notebooks.nbformat.v4.new_output("stream", text="x" * 1000 + "\n") for _ in range(20_000)]
    put(tmp_path, {f"{L1}.ipynb": as_file(notebook)})
    found = handed_in.read(tmp_path)
    assert found.found["1.1"].text.endswith(MINE) and not found.problems
    with (tmp_path / f"{L6}.ipynb").open("wb") as sparse:
        sparse.truncate((handed_in_files.MEGABYTES << 20) + 1)
    assert handed_in.read(tmp_path).problems == (
        f"{L6}.ipynb is larger than 100 MB: clear its outputs, and hand it in again.",
    )


# ----------------------------------------
# What comes of it


def graded(name: str, *verdicts: tuple[str, str, str], problems: tuple[str, ...] = (), text: str = "") -> Graded:
    found = {exercise_id: Found(text or f"{name}'s", Path("x")) for exercise_id, _, _ in verdicts}
    judged = [(exercises.find(one), Verdict(one, outcome, message)) for one, outcome, message in verdicts]
    return Graded(HandedIn(name, found, problems), judged, {})


CLASS = [
    graded("ann", ("1.1", PASSED, "Well | done"), ("1.2", NOT_YET, "query-8 and query-9 ran at once."), text="same"),
    graded("=HYPERLINK()", ("1.1", PASSED, ""), ("1.2", NOT_YET, "query-3 and query-11 ran at once."), text="same"),
    graded(
        "Cléo", ("1.1", NOT_YET, "'a' <b>is</b> not `x|y`."), ("1.2", NOT_ATTEMPTED, ""), problems=("1.py is empty.",)
    ),
]


def test_the_report_on_a_class(tmp_path):
    columns = class_report.columns_of("Student=name,Grade=percent,exercises,passed,problems,2=1.2", chosen := [
        exercises.find("1.1"), exercises.find("1.2")
    ])  # fmt: skip
    class_report.write(tmp_path, CLASS, columns, ["loose.txt"])
    assert list(csv.reader((tmp_path / "grades.csv").open(encoding="utf-8"))) == [
        ["Student", "Grade", "1.1", "1.2", "passed", "problems", "2"],
        ["ann", "50.0", "1", "0", "1", "", "0"],
        ["'=HYPERLINK()", "50.0", "1", "0", "1", "", "0"],
        ["Cléo", "0.0", "0", "0", "0", "1.py is empty.", "0"],
    ]
    assert [heading for heading, _ in class_report.columns_of("", chosen)] == ["name", "passed", "total", "1.1", "1.2"]
    suites = ElementTree.parse(tmp_path / "junit.xml").getroot().findall("testsuite")
    assert [(one.get("name"), one.get("failures"), one.get("skipped")) for one in suites][2] == ("Cléo", "1", "1")
    assert json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))[2]["problems"] == ["1.py is empty."]
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| 1.2 | 2 | query-8 and query-9 ran at once. | ann, =HYPERLINK() |" in summary
    assert "- ann, =HYPERLINK(): the same 2 answers, character for character." in summary
    assert "- Cléo: 1.py is empty.\n- loose.txt is neither a folder nor a zip" in summary
    assert "1.2 is most often not right yet: 2 of 3 learners. A bar for each row: 1.1 " in summary
    assert (tmp_path / "summary.png").read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "learners" / "Cléo" / "report.md").read_text(encoding="utf-8")
    assert "0 of 2 passed." in page and "'a' \\<b\\>is\\</b\\> not `x\\|y`." in page and "- ⚠️ 1.py is empty." in page


def test_a_column_that_is_not_there():
    with pytest.raises(class_report.ColumnError, match=r"--columns must name name, .*or an exercise .*got '9\.9'"):
        class_report.columns_of("name,9.9", exercises.all_exercises())


def test_what_was_judged_is_kept_until_the_answer_changes(tmp_path):
    store, exercise = classroom.Store(tmp_path), exercises.find("1.1")
    key = store.key((exercise, Source("chain", MINE)))
    assert store.get(key) is None
    store.put(key, Verdict("1.1", NOT_YET, "half a character: \ud800", printed="x", seconds=1.5))
    kept = classroom.Store(tmp_path).get(key)
    assert (kept.outcome, kept.printed, kept.seconds, kept.figure) == (NOT_YET, "x", 1.5, "")
    assert key == store.key((exercise, Source("chain", MINE)))
    assert key != store.key((exercise, Source("chain", f"{MINE} ")))
    assert key != store.key((exercises.find("1.2"), Source("chain", MINE)))
    (tmp_path / f"{key}.json").write_text('{"outcome": "pas')
    assert store.get(key) is None


def test_as_many_graders_as_fit():
    assert 1 <= classroom.jobs_that_fit() <= (os.cpu_count() or 1) + 1


# ----------------------------------------
# For real


def start(*words: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "workbook.cli", "grade", *words]
    return subprocess.Popen(command, cwd=CHECKOUT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def a_class(folder: Path) -> None:
    solved = notebooks.answers(notebooks.build(SOURCES[L1], solved=True))
    right = {"1.1": solved["1.1"], "1.2": answer("1.2", "right_map")}
    put(folder / "ann", {f"{L1}.ipynb": as_file(lesson(L1, **right)), f"{L6}.ipynb": "<html>a log-in page</html>"})
    put(folder, {"bob.zip": zipped({f"{L1}.py": exported(lesson(L1, **{"1.1": solved["1.1"]}))}), "notes.txt": "x"})
    put(folder / "cleo", {f"{L6}.ipynb": as_file(lesson(L6, **{"6.2": HANGS})), "1.1.py": "def chain(:"})
    put(folder / "dan", {f"{L1}-Copy1.ipynb": as_file(lesson(L1, **right))})
    put(folder / "eve", {"essay.docx": "x"})


@pytest.mark.slow
def test_a_class_is_graded(tmp_path):
    """Interrupted, taken up again, repeated, and after a change."""
    put_tables(local.empty_database())
    handed, out = tmp_path / "handed-in", tmp_path / "report"
    a_class(handed)
    progress.remember("0.1", PASSED)
    own = progress.file().read_bytes()
    words = ["1.1", "1.2", "6.2", "--class", str(handed), "--out", str(out), "--jobs", "2"]

    running = start(*words)
    wait_for(lambda: list(out.glob("judged/*.json")))
    started = [one for one in psutil.Process(running.pid).children(recursive=True) if "prefect" not in one.name()]
    servers = {local.read_record(place).pid for place in local.home().glob("grading-*") if local.read_record(place)}
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 130 and "The verdicts so far are kept" in said and said.endswith("Interrupted.\n")
    assert not psutil.wait_procs([one for one in started if one.pid not in servers], timeout=60)[1]

    running = start(*words, "--columns", "Student=name,Grade=percent,exercises")
    said, _ = running.communicate(timeout=800)
    assert running.returncode == 0, said
    kept = {file: file.stat().st_mtime_ns for file in out.glob("judged/*.json")}
    assert "5 submissions, 7 answers, 4 of them different; " in said and "; 4 to judge." not in said and len(kept) == 4
    assert list(csv.reader((out / "grades.csv").open(encoding="utf-8"))) == [
        ["Student", "Grade", "1.1", "1.2", "6.2"],
        ["ann", "66.7", "1", "1", "0"],
        ["bob", "33.3", "1", "0", "0"],
        ["cleo", "0.0", "0", "0", "0"],
        ["dan", "66.7", "1", "1", "0"],
        ["eve", "0.0", "0", "0", "0"],
    ]
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert "- ann, dan: the same 2 answers, character for character." in summary
    assert "| 6.2 | 1 | Your answer had not ended after 30 s." in summary
    assert "- ann: 06\\_limits\\_that\\_do\\_not\\_limit.ipynb is a web page" in summary
    assert "- eve: Nothing to grade was found" in summary and "- notes.txt is neither a folder nor a zip" in summary
    page = (out / "learners" / "cleo" / "report.md").read_text(encoding="utf-8")
    assert "Python can't read your answer" in page and "## ❌ 6.2" in page
    ann = (out / "learners" / "ann" / "report.md").read_text(encoding="utf-8")
    assert "2 of 3 passed." in ann and "at once over time.](1.2.png)" in ann
    assert (out / "learners" / "ann" / "1.2.png").read_bytes()[:4] == b"\x89PNG"
    learners = json.loads((out / "verdicts.json").read_text(encoding="utf-8"))
    outcomes = {one["name"]: [verdict["outcome"] for verdict in one["verdicts"]] for one in learners}
    assert outcomes["ann"] == [PASSED, PASSED, NOT_ATTEMPTED] and outcomes["cleo"] == [NOT_YET, NOT_ATTEMPTED, NOT_YET]

    put(handed / "eve", {"1.2.py": "def diamond(:"})
    said, _ = (running := start(*words)).communicate(timeout=400)
    assert running.returncode == 0 and "8 answers, 5 of them different; 1 to judge." in said, said
    assert {file: file.stat().st_mtime_ns for file in kept} == kept
    assert progress.file().read_bytes() == own


@pytest.mark.slow
def test_the_workflow_of_a_learners_repository(tmp_path):
    """Its commands, in a clean copy: one answer is missing, then all are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).exists():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, tmp_path / name)
    workflow = yaml.safe_load((CHECKOUT / "docs" / "classroom" / "grade.yml").read_text())
    (job,) = workflow["jobs"].values()
    install, grade = [step["run"] for step in job["steps"] if "run" in step]
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("WORKBOOK_", "PREFECT_", "VIRTUAL_ENV", "PYTEST_"))
    }
    solved = notebooks.answers(notebooks.build(SOURCES[L0], solved=True))

    def run(step: str, summary: str = "summary.md") -> subprocess.CompletedProcess[str]:
        settings = {"EXERCISES": "0.1 0.2", "GITHUB_STEP_SUMMARY": str(tmp_path / summary), "CI": "true"}
        return subprocess.run(
            ["bash", "-e", "-c", step], cwd=tmp_path, env=kept | settings, text=True, capture_output=True, timeout=800
        )

    try:
        assert (done := run(install)).returncode == 0, done.stdout + done.stderr
        assert workflow["env"] == {"EXERCISES": ""}
        for answers, code, said in (({"0.1": solved["0.1"]}, 1, "1 of 2 passed."), (solved, 0, "2 of 2 passed.")):
            put(tmp_path / "notebooks", {f"{L0}.ipynb": as_file(lesson(L0, **answers))})
            (tmp_path / "summary.md").touch()  # as GitHub has it
            assert (done := run(grade)).returncode == code, done.stdout + done.stderr
            summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
            assert said in summary and "| ✅ | 0.1 Make one check pass | passed |" in summary
            assert ElementTree.parse(tmp_path / "verdicts.xml").getroot().get("tests") == "2"
    finally:
        run(".venv/bin/workbook server stop")


def test_a_made_up_class_can_be_read(tmp_path):
    """What the time of a class is measured with."""
    classes.make(tmp_path, 10)
    found = {place.name: handed_in.read(place) for place in sorted(tmp_path.iterdir())}
    assert len(found) == 10 and len(found["learner-00"].found) == len(exercises.all_exercises())
    assert len(found["learner-09"].problems) >= 3
