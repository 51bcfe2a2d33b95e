"""What a notebook shows of grading, as HTML and as text: verdicts, hints, and how the exercises of a lesson stand.

The words have the page's own colour, which is legible on a light and on a dark one; the borders only go with them.
"""

import html
from typing import Any

from workbook.figures.prose import Prose, paragraphs
from workbook.grading import progress
from workbook.grading.exercises import UnknownExercise, find, of_lesson
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Verdict
from workbook.lessons import predictions

MARKS = {PASSED: "✓", NOT_YET: "✗", NOT_ATTEMPTED: "○"}
BORDERS = {PASSED: "#009E73", NOT_YET: "#D55E00", NOT_ATTEMPTED: "#888888"}


class ShownVerdict:
    """A verdict as a notebook shows it: words, the learner's own run drawn below, and both as text."""

    def __init__(self, verdict: Verdict) -> None:
        from workbook.figures.gantt import picture  # matplotlib takes a second to load
        from workbook.figures.words import headline

        self.verdict = verdict
        drawn = verdict.timeline is not None and len(verdict.timeline)
        # Without an ideal in the title: queries may have waited for each other at the gate.
        self.picture = picture(verdict.timeline, verdict.limit, headline(verdict.timeline)) if drawn else None
        nudge = "" if verdict.passed else f'\nStuck? Run `hint("{verdict.exercise}")` in a cell.'
        self.words = f"{verdict.message}{nudge}"

    def __str__(self) -> str:
        head = f"{self.verdict.exercise} {self.verdict.outcome}: {self.words}"
        return f"{head}\n\n{self.picture}" if self.picture else head

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        outcome = self.verdict.outcome
        shown = (
            f'<div style="border-left:6px solid {BORDERS[outcome]};padding:2px 12px;margin:6px 0">'
            f"<strong>{MARKS[outcome]} {outcome.capitalize()}: {html.escape(self.verdict.exercise)}</strong>"
            f"{paragraphs(self.words)}</div>"
        )
        if self.picture:
            shown += self.picture._repr_mimebundle_()["text/html"]
        return {"text/html": shown, "text/plain": str(self)}


class ShownProgress:
    """How the exercises of one lesson stand, how good its guesses were, and which exercise comes next."""

    def __init__(self, lesson: int) -> None:
        self.rows = []
        for exercise in of_lesson(lesson):
            standing = progress.standing(exercise.id)
            mark = MARKS.get(standing, MARKS[NOT_YET])
            self.rows.append((f"{mark} {exercise.id}", exercise.title, f"{exercise.minutes} min", standing))
        guesses = predictions.report(progress.guesses(lesson))
        self.what_next = f"{guesses}\n{progress.what_next()}" if guesses else progress.what_next()

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self.rows]
        return "\n".join([*(line.rstrip() for line in lines), "", self.what_next])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        cell = '<td style="text-align:left;white-space:normal">'
        rows = ["".join(f"{cell}{html.escape(word)}</td>" for word in row) for row in self.rows]
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        shown = f'<table style="margin:0;table-layout:auto"><tbody>{table}</tbody></table>{paragraphs(self.what_next)}'
        return {"text/html": shown, "text/plain": str(self)}


def hint(exercise_id: str, level: int, command: str) -> Prose:
    """A hint, and what shows the next one.

    Args:
        exercise_id: as "3.1".
        level: 1 is a nudge; the last is nearly there.
        command: what asks for a hint where this one is shown, with a `{}` for the exercise and one for the level.

    Raises:
        UnknownExercise: there is no such exercise, or it has no hint of that level.
    """
    hints = find(exercise_id).hints
    if level not in range(1, len(hints) + 1):
        raise UnknownExercise(f"Exercise {exercise_id} has hints 1 to {len(hints)} (got {level!r}).")
    more = f"\nFor the next one run `{command.format(exercise_id, level + 1)}`." if level < len(hints) else ""
    return Prose(f"Hint {level} of {len(hints)}: {hints[level - 1]}{more}")
