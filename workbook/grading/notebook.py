"""Checks, hints and progress in a notebook."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workbook.figures.place import Place
from workbook.figures.prose import Characters, Prose
from workbook.grading import cells, progress, shown
from workbook.grading.child import GRADING
from workbook.grading.engine import unjudged
from workbook.grading.exercises import find
from workbook.grading.grader import of_this_process
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, Source, Verdict
from workbook.grading.pickling import pack
from workbook.grading.sandbox import AnswerAborted
from workbook.lessons import notebooks, predictions


class CheckError(AssertionError):
    """A check that could not pass. It stops Run All, and a notebook's test; its traceback is this one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(exercise_id: str, answer: Any) -> None:
    """Judge an answer in a notebook: shows the verdict with the run of it.

    Args:
        exercise_id: as "3.1".
        answer: the function or flow itself, not its result.

    Raises:
        CheckError: it is not right yet, or is no function. An exercise that was not attempted raises nothing, so that
            Run All goes on.
        UnknownExercise: there is no such exercise.
    """
    from IPython.display import display

    if GRADING in os.environ:  # an answer that calls its own check, while it is being checked
        return
    exercise = find(exercise_id)
    exercise_id = exercise.id
    if not callable(answer):
        raise CheckError(
            f'check() needs the function itself (got a {type(answer).__name__}): `check("{exercise_id}", '
            f"{exercise.entry})`, without parentheses after the name."
        )
    if cells.changed(answer):
        raise CheckError(
            f"{exercise.entry!r} is an older version: you have changed its cell and run it since, but that run didn't "
            f"define {exercise.entry!r}. Look for an error, or another name, in the cell; run it, and check again."
        )
    place = Place(display)
    try:
        source = pack(answer, exercise.entry)
        verdict = unjudged(exercise, source) or _judged(exercise_id, source, place)
    except AnswerAborted as error:
        verdict = Verdict(exercise_id, NOT_YET, str(error))
    progress.remember(exercise_id, verdict.outcome)
    place.show(shown.ShownVerdict(verdict))
    if verdict.outcome == NOT_YET:
        raise CheckError(f"{exercise_id} isn't right yet. The reason is above.")


def _judged(exercise_id: str, source: Source, place: Place) -> Verdict:
    """Judge an answer, and show meanwhile where the grading is and for how long it has been going on."""
    begun, over, grader, doing = time.monotonic(), threading.Event(), of_this_process(), ["starting"]

    def show() -> None:
        place.show(Prose(f"Checking {exercise_id}: {doing[0]}, {time.monotonic() - begun:.0f} s …"))

    def tell(text: str) -> None:
        doing[0] = text.removesuffix(" …")
        show()

    def tick() -> None:
        while not over.wait(1):
            show()

    grader.say = grader.news = tell
    show()
    with ThreadPoolExecutor(max_workers=1) as pool:
        ticking = pool.submit(tick)
        try:
            return grader.judge(exercise_id, source)
        finally:
            over.set()
            ticking.result()


def progress_report(lesson: int) -> None:
    """Show how the exercises and the guesses of a lesson stand, and what comes next.

    Args:
        lesson: its number, 0 to 12.
    """
    from IPython.display import display

    progress.remember_guesses(lesson, predictions.ANSWERED)
    display(shown.ShownProgress(lesson))


def hint(exercise_id: str, level: int = 1) -> None:
    """Show a hint for an exercise.

    Args:
        exercise_id: as "3.1".
        level: 1 is a nudge; the last is nearly there.

    Raises:
        UnknownExercise: there is no such exercise, or it has no hint of that level.
    """
    from IPython.display import display

    display(shown.hint(exercise_id, level, 'hint("{}", {})'))


_asked_for: set[str] = set()  # the exercises whose solution was asked for before the first attempt


def solution(exercise_id: str) -> None:
    """Show the workbook's own answer to an exercise: after an attempt, or when asked a second time.

    Args:
        exercise_id: as "3.1".

    Raises:
        UnknownExercise: there is no such exercise.
    """
    from IPython.display import display

    exercise_id = find(exercise_id).id
    if progress.standing(exercise_id) == NOT_ATTEMPTED and exercise_id not in _asked_for:
        _asked_for.add(exercise_id)
        display(
            Prose(f"You haven't tried {exercise_id} yet. Run this cell again if you want to see the solution anyway.")
        )
        return
    display(Characters(notebooks.solution(exercise_id)))
