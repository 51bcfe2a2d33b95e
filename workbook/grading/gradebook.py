"""`workbook list` and `workbook grade`: verdicts as they come, and a scoreboard."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from workbook.grading import handed_in, progress, verdict_files
from workbook.grading.engine import unjudged
from workbook.grading.exercises import LESSONS, all_exercises, find
from workbook.grading.grader import Grader
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Exercise, Verdict
from workbook.grading.submissions import Found

MARKS = {PASSED: "[green]✓[/green]", NOT_YET: "[red]✗[/red]", NOT_ATTEMPTED: "[dim]○[/dim]"}
LOOK_SECONDS = 0.2  # between two looks at the files that are watched


def show_list(console: Console, as_json: bool = False) -> None:
    """Every exercise, and how it stands; as JSON text, an object for each."""
    if as_json:
        rows = [
            {"exercise": e.id, "title": e.title, "lesson": LESSONS[e.lesson], "minutes": e.minutes,
             "standing": progress.standing(e.id)}
            for e in all_exercises()
        ]  # fmt: skip
        print(json.dumps(rows, indent=1))
        return
    console.print(_board(all_exercises(), progress.standing))
    console.print(_what_next())


def grade(
    ids: list[str],
    console: Console,
    grader: Grader,
    folder: Path | None = None,
    files: dict[str, Path | None] | None = None,
    watch: bool = False,
    first: handed_in.HandedIn | None = None,
) -> bool:
    """Grade answers and show each verdict as it comes, then the scoreboard.

    Args:
        ids: which exercises; all if none is named.
        console: where to print.
        grader: what judges them.
        folder: the folder or zip with another's answers. By default they are the learner's own, in the checkout's
            notebooks/, and only then is the verdict kept as the learner's progress.
        files: where to write the verdicts, by the name of a function of `verdict_files`, as "json".
        watch: go on, and grade again whatever changes, until interrupted.
        first: what was found in the folder just now; by default it is read.

    Returns:
        Whether all that were asked for have passed.

    Raises:
        UnknownExercise, SubmissionError, ServerError: with one sentence and its remedy.
    """
    chosen = tuple(find(exercise_id) for exercise_id in ids) or all_exercises()
    seen: dict[str, str] = {}  # the text of each answer when it was graded
    verdicts: dict[str, Verdict] = {}
    found: dict[str, Found] = {}
    known: tuple[str, ...] = ()  # problems that have been named
    while True:
        try:
            answers, first = first or handed_in.collect(folder), None
            found, problems = answers.found, answers.problems
        except handed_in.SubmissionError as error:
            if not (watch and verdicts):
                raise
            problems = (str(error),)
        for problem in problems:
            if problem not in known:
                console.print(problem, style="red", highlight=False, markup=False)
        known = problems
        changed = [
            exercise for exercise in chosen
            if exercise.id not in verdicts or (exercise.id in found and found[exercise.id].text != seen[exercise.id])
        ]  # fmt: skip
        for exercise in changed:
            answer = found.get(exercise.id)
            seen[exercise.id] = answer.text if answer else ""
            verdicts[exercise.id] = verdict = _verdict(grader, exercise, answer)
            if folder is None:
                progress.remember(exercise.id, verdict.outcome)
            if verdict.outcome != NOT_ATTEMPTED or ids or (watch and len(changed) < len(chosen)):
                _say(console, exercise, verdict)
            graded = [(one, verdicts[one.id]) for one in chosen if one.id in verdicts]
            for kind, file in (files or {}).items():
                getattr(verdict_files, kind)(file, graded)
        if not watch:
            standing = progress.standing if folder is None else lambda one: verdicts[one].outcome
            console.print(_board(chosen, standing))
            passed = sum(verdict.passed for verdict in verdicts.values())
            console.print(_what_next() if folder is None else f"\n{passed} of {len(chosen)} passed.")
            return passed == len(chosen)
        time.sleep(LOOK_SECONDS)  # files announce nothing that every system could hear


def _verdict(grader: Grader, exercise: Exercise, answer: Found | None) -> Verdict:
    source = answer.source(exercise) if answer else None
    return unjudged(exercise, source) or grader.judge(exercise.id, source)


def _say(console: Console, exercise: Exercise, verdict: Verdict) -> None:
    console.print(f"{MARKS[verdict.outcome]} [bold]{exercise.id}[/bold] {escape(exercise.title)}: {verdict.outcome}")
    nudge = "" if verdict.passed else f"\nStuck? Run `workbook hint {exercise.id}`."
    console.print(Padding(escape(f"{verdict.message}{nudge}"), (0, 0, 0, 2)), highlight=False)


def _board(chosen: Iterable[Exercise], standing_of: Callable[[str], str]) -> Table:
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
        standing = standing_of(exercise.id)
        mark = MARKS[PASSED if standing == PASSED else NOT_ATTEMPTED if standing == NOT_ATTEMPTED else NOT_YET]
        table.add_row(mark, exercise.id, escape(exercise.title), str(exercise.minutes), standing)
    return table


def _what_next() -> str:
    left = progress.left()
    how = f"\nOpen it with `make lab`; for a nudge run `workbook hint {left[0].id}`." if left else ""
    return f"\n{progress.what_next()}{how}"
