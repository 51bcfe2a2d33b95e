"""`workbook list` and `workbook grade`: verdicts as they come, a scoreboard, and files for instructors."""

import csv
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from workbook.grading import progress, submissions
from workbook.grading.engine import unjudged
from workbook.grading.exercises import LESSONS, all_exercises, find
from workbook.grading.grader import Grader
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Exercise, Verdict

MARKS = {PASSED: "[green]✓[/green]", NOT_YET: "[red]✗[/red]", NOT_ATTEMPTED: "[dim]○[/dim]"}
LOOK_SECONDS = 0.2  # between two looks at the files that are watched


def show_list(console: Console) -> None:
    """Every exercise, and how it stands."""
    console.print(_board(all_exercises()))
    console.print(_what_next())


def list_as_json() -> str:
    """The same as JSON text: an object for each exercise."""
    rows = [
        {"exercise": e.id, "title": e.title, "lesson": LESSONS[e.lesson], "minutes": e.minutes,
         "standing": progress.standing(e.id)}
        for e in all_exercises()
    ]  # fmt: skip
    return json.dumps(rows, indent=1)


def grade(
    ids: list[str],
    console: Console,
    grader: Grader,
    folder: Path | None = None,
    files: dict[str, Path | None] | None = None,
    watch: bool = False,
) -> bool:
    """Grade answers and show each verdict as it comes, then the scoreboard.

    Args:
        ids: which exercises; all if none is named.
        console: where to print.
        grader: what judges them.
        folder: where the answers are; by default the checkout's notebooks/.
        files: where to write the verdicts, by "json", "junit" and "csv".
        watch: go on, and grade again whatever changes, until interrupted.

    Returns:
        Whether all that were asked for have passed.

    Raises:
        UnknownExercise, SubmissionError, ServerError: with one sentence and its remedy.
    """
    chosen = tuple(find(exercise_id) for exercise_id in ids) or all_exercises()
    seen: dict[str, str] = {}  # the text of each answer when it was graded
    verdicts: dict[str, Verdict] = {}
    found: dict[str, submissions.Found] = {}
    trouble = ""  # what keeps the files from being read again, once it has been said
    while True:
        try:
            found, trouble = submissions.collect(folder), ""
        except submissions.SubmissionError as error:
            if not (watch and verdicts):
                raise
            if trouble != (trouble := str(error)):
                console.print(trouble, style="red", highlight=False, markup=False)
        changed = [
            exercise for exercise in chosen
            if exercise.id not in verdicts or (exercise.id in found and found[exercise.id].text != seen[exercise.id])
        ]  # fmt: skip
        for exercise in changed:
            answer = found.get(exercise.id)
            seen[exercise.id] = answer.text if answer else ""
            verdicts[exercise.id] = verdict = _verdict(grader, exercise, answer)
            progress.remember(exercise.id, verdict.outcome)
            if verdict.outcome != NOT_ATTEMPTED or ids or (watch and len(changed) < len(chosen)):
                _say(console, exercise, verdict)
            _write(files or {}, [(e, verdicts[e.id]) for e in chosen if e.id in verdicts])
        if not watch:
            console.print(_board(chosen))
            console.print(_what_next())
            return all(verdict.passed for verdict in verdicts.values())
        time.sleep(LOOK_SECONDS)  # files announce nothing that every system could hear


def _verdict(grader: Grader, exercise: Exercise, answer: submissions.Found | None) -> Verdict:
    if answer is None:
        return Verdict(exercise.id, NOT_ATTEMPTED, f"There is no answer: write {exercise.entry!r} in its notebook.")
    source = answer.source(exercise)
    return unjudged(exercise, source) or grader.judge(exercise.id, source)


def _say(console: Console, exercise: Exercise, verdict: Verdict) -> None:
    console.print(f"{MARKS[verdict.outcome]} [bold]{exercise.id}[/bold] {escape(exercise.title)}: {verdict.outcome}")
    nudge = "" if verdict.passed else f"\nStuck? Run `workbook hint {exercise.id}`."
    console.print(Padding(escape(f"{verdict.message}{nudge}"), (0, 0, 0, 2)), highlight=False)


def _board(chosen: Iterable[Exercise]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="Exercises", title_justify="left")
    table.add_column("")
    table.add_column("")
    table.add_column("")
    table.add_column("Minutes", justify="right")
    table.add_column("Standing")
    before = None
    for exercise in chosen:
        if exercise.lesson != before:
            table.add_row("", f"[dim]{exercise.lesson:02d}[/dim]", f"[dim]{LESSONS[exercise.lesson]}[/dim]", "", "")
            before = exercise.lesson
        standing = progress.standing(exercise.id)
        mark = MARKS[PASSED if standing == PASSED else NOT_ATTEMPTED if standing == NOT_ATTEMPTED else NOT_YET]
        table.add_row(mark, exercise.id, escape(exercise.title), str(exercise.minutes), standing)
    return table


def _what_next() -> str:
    left = progress.left()
    how = f"\nOpen it with `make lab`; for a nudge run `workbook hint {left[0].id}`." if left else ""
    return f"\n{progress.what_next()}{how}"


def _write(files: dict[str, Path | None], verdicts: list[tuple[Exercise, Verdict]]) -> None:
    """Write the verdicts so far; JSON and JUnit also say what each answer printed and logged."""
    rows = [
        {"exercise": e.id, "title": e.title, "outcome": v.outcome, "message": v.message, "seconds": round(v.seconds, 2)}
        for e, v in verdicts
    ]
    if file := files.get("json"):
        whole = [row | {"printed": verdict.printed} for row, (_, verdict) in zip(rows, verdicts, strict=True)]
        file.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
    if file := files.get("csv"):
        with file.open("w", newline="", encoding="utf-8", errors="replace") as table:
            writer = csv.DictWriter(table, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if file := files.get("junit"):
        counts = {"tests": len(rows), "failures": sum(r["outcome"] == NOT_YET for r in rows),
                  "skipped": sum(r["outcome"] == NOT_ATTEMPTED for r in rows)}  # fmt: skip
        suite = ElementTree.Element("testsuite", {"name": "workbook", **{k: str(v) for k, v in counts.items()}})
        for row, (_, verdict) in zip(rows, verdicts, strict=True):
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"lesson {row['exercise'].partition('.')[0]}",
                name=f"{row['exercise']} {row['title']}", time=str(row["seconds"]),
            )  # fmt: skip
            if row["outcome"] != PASSED:
                kind = "failure" if row["outcome"] == NOT_YET else "skipped"
                ElementTree.SubElement(case, kind, message=_in_xml(row["message"]))
            if verdict.printed:
                ElementTree.SubElement(case, "system-out").text = _in_xml(verdict.printed)
        ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


def _in_xml(text: str) -> str:
    """The text without the characters that XML cannot hold, such as the escape codes of a terminal."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)
