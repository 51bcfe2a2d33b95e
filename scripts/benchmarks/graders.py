"""Part five: what other graders of notebooks make of the same answers to one exercise.

They are given the test that one would write for them: it compares the result, and has an eye on the clock. How the
tasks ran is nothing that they know.
"""

import csv
import os
import sys
import time
from pathlib import Path
from unittest import mock

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks import surroundings
from benchmarks.results import Results, in_short
from workbook.grading.grader import Grader
from workbook.grading.model import PASSED, Source
from workbook.paths import ROOT

EXERCISE, ENTRY = "2.1", "all_at_once"
RESULT = """import time
from workbook.work import ask
indexes, seconds = [8, 3, 12, 5], 0.5
begun = time.monotonic()
rows = all_at_once(indexes, seconds)
took = time.monotonic() - begun
assert rows == [ask(index, 0) for index in indexes]"""
CLOCK = f"{RESULT}\nassert took < 4 * seconds"  # less than one after another takes
COMMAND_SECONDS = 900
Judged = dict[Path, bool]  # whether each answer passed


def side_by_side(results: Results, folder: Path, quick: bool) -> None:
    """Judge the same answers with each grader; a server runs already, which the answers' flows use."""
    if quick:
        return results.not_run("other graders", "it takes minutes, and this was a short run")
    answers = _answers(every=4)
    with surroundings.workbook_server(folder / "server") as server:
        graders = {
            "the workbook": lambda: _workbook(folder, answers),
            "otter-grader, a test of the result": lambda: _otter(results, folder, answers, RESULT, server.environment),
            "otter-grader, also of the time": lambda: _otter(results, folder, answers, CLOCK, server.environment),
            "nbgrader, also of the time": lambda: _nbgrader(results, folder, answers, server.environment),
        }
        for name, judge in graders.items():
            try:
                passed, seconds = judge()
            except surroundings.NotRun as reason:
                results.not_run(f"{name}, on answers to {EXERCISE}", in_short(reason))
                continue
            right = [passed[file] for file in answers if _is_right(file)]
            wrong = [passed[file] for file in answers if not _is_right(file)]
            results.case("graders", name=name, exercise=EXERCISE).append(
                {"right": len(right), "accepted": sum(right), "wrong": len(wrong), "refused": len(wrong) - sum(wrong)}
                | {"seconds": seconds / len(answers)}
            )
            results.save()
            print(f"  {name}: {sum(right)} of {len(right)}, {len(wrong) - sum(wrong)} of {len(wrong)}", flush=True)


def _answers(every: int) -> list[Path]:
    """Every so many of the right and of the wrong answers of the tests, without those that start processes."""
    found = sorted((ROOT / "tests" / "answers" / EXERCISE).glob("*.py"))
    found = [file for file in found if "process_pool" not in file.name]
    return [file for right in (True, False) for file in [one for one in found if _is_right(one) == right][::every]]


def _is_right(file: Path) -> bool:
    return file.name.startswith("right")


def _workbook(folder: Path, answers: list[Path]) -> tuple[Judged, float]:
    environment = surroundings.clean_environment(folder)
    try:
        with mock.patch.dict(os.environ, environment), Grader(say=lambda _: None) as grader:
            grader.judge(EXERCISE, _source(answers[0]))  # starts its server
            begun = time.perf_counter()
            passed = {file: grader.judge(EXERCISE, _source(file)).outcome == PASSED for file in answers}
            return passed, time.perf_counter() - begun
    finally:
        command = [sys.executable, "-m", "workbook.cli", "server", "stop"]
        surroundings.call(command, environment, folder, COMMAND_SECONDS)


def _source(file: Path) -> Source:
    return Source(ENTRY, file.read_text(encoding="utf-8"))


def _python(results: Results, folder: Path, package: str) -> Path:
    """The Python of a throw-away environment with a grader, and with what the answers need."""
    place = folder / package
    if not place.exists():
        _, versions = surroundings.throw_away_python(place, (package, "ipykernel", "prefect"), (str(ROOT),))
        results.data["versions"] |= {package: versions[package]}
    return place / ("Scripts" if os.name == "nt" else "bin") / "python"


def _otter(
    results: Results, folder: Path, answers: list[Path], test: str, server: dict[str, str]
) -> tuple[Judged, float]:
    python = _python(results, folder, "otter-grader")
    tests = folder / "otter-tests"
    tests.mkdir(exist_ok=True)
    cases = [{"code": "".join(f">>> {line}\n" for line in test.splitlines()), "hidden": False, "locked": False}]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    question = {"name": "q", "points": 1, "suites": [suite]}
    (tests / "q.py").write_text(f"OK_FORMAT = True\ntest = {question!r}\n", encoding="utf-8")
    passed, begun = {}, time.perf_counter()
    for file in answers:
        command = [str(python.with_name("otter")), "check", str(file), "-t", str(tests)]
        said = surroundings.call(command, _quiet(server), folder, COMMAND_SECONDS)
        passed[file] = "All tests passed!" in said
    return passed, time.perf_counter() - begun


def _nbgrader(results: Results, folder: Path, answers: list[Path], server: dict[str, str]) -> tuple[Judged, float]:
    nbgrader = str(_python(results, folder, "nbgrader").with_name("nbgrader"))
    course = folder / "course"
    _write(course / "source" / "sheet", "### BEGIN SOLUTION\npass\n### END SOLUTION")
    for file in answers:
        _write(course / "submitted" / file.stem / "sheet", file.read_text(encoding="utf-8"))
    environment = _quiet(server)
    environment["PATH"] = f"{Path(nbgrader).parent}{os.pathsep}{environment['PATH']}"
    surroundings.call([nbgrader, "generate_assignment", "sheet"], environment, course, COMMAND_SECONDS)
    begun = time.perf_counter()
    surroundings.call([nbgrader, "autograde", "sheet"], environment, course, COMMAND_SECONDS)
    seconds = time.perf_counter() - begun
    surroundings.call([nbgrader, "export"], environment, course, COMMAND_SECONDS)
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    return {file: scores[file.stem] == 1 for file in answers}, seconds


def _quiet(server: dict[str, str]) -> dict[str, str]:
    return server | {"PREFECT_LOGGING_LEVEL": "CRITICAL"}


def _write(folder: Path, answer: str) -> None:
    """A notebook with an answer and the test, marked as nbgrader wants it."""
    cells = []
    for name, code, grade in (("answer", answer, False), ("test", CLOCK, True)):
        marks = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": not grade, "locked": grade}
        marks |= {"task": False} | ({"points": 1} if grade else {})
        cells.append(new_code_cell(code, metadata={"nbgrader": marks}))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "sheet.ipynb")
