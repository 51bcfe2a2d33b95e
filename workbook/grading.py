"""One engine that judges answers: `check()` in a notebook and `workbook grade` on the command line both come here."""

import html
import os
import time
import traceback
from typing import Any

from flows import warehouse
from workbook import progress
from workbook.answers import Source, untouched
from workbook.exercises import Exercise, NotYet, Verdict, find
from workbook.grader import of_this_process
from workbook.progress import NOT_ATTEMPTED, NOT_YET, PASSED
from workbook.sandbox import GRADING, Answer, AnswerError, Broken, pack
from workbook.server import ServerError
from workbook.textplot import count


def judge(exercise: Exercise, source: Source, seconds: float | None = None) -> Verdict:
    """Judge one answer in a process of its own.

    Args:
        exercise: what it answers.
        source: the answer.
        seconds: the time limit; by default the exercise's own.

    Raises:
        ServerError: the Prefect server cannot be reached.
    """
    if untouched(source):
        return not_attempted(exercise)
    warehouse.prepare()  # here, where it may be written
    begun, answer = time.monotonic(), Answer(source, seconds or exercise.seconds)
    printed = ""
    try:
        with answer:
            try:
                exercise.grade(answer)
            finally:
                printed = answer.printed()
        outcome, message = PASSED, _observed(answer)
    except NotYet as error:
        outcome, message = NOT_YET, str(error)
    except Broken as error:
        outcome, message = NOT_YET, str(error)
    except AnswerError as error:
        outcome, message = NOT_YET, f"Your answer raised {error}."
    except ServerError:
        raise
    except Exception as error:  # whatever an answer leaves behind, it gets a verdict
        outcome = NOT_YET
        message = (
            f"The grader stumbled over what your answer returned or left ({type(error).__name__}: {error}). It should "
            "have told you more: please report it."
        )
        printed += traceback.format_exc()
    if outcome == NOT_YET:
        message += f" {_next(exercise)}"
    timeline = answer.runs[-1].timeline if answer.runs else None
    message = message.encode(errors="backslashreplace").decode()  # half a character can be in a result
    return Verdict(exercise.id, outcome, message, timeline, printed, time.monotonic() - begun)


def not_attempted(exercise: Exercise) -> Verdict:
    """The verdict on a stub."""
    return Verdict(exercise.id, NOT_ATTEMPTED, f"Nothing to check yet: write {exercise.entry!r}. {_next(exercise)}")


def _observed(answer: Answer) -> str:
    if not answer.runs:
        return "It does what it should."
    timeline = answer.runs[-1].timeline
    if not timeline.peak:
        return "It does what it should."
    ideal = timeline.ideal(timeline.peak)
    return (
        f"Observed: {count(len(timeline))}, at most {timeline.peak} at once, {timeline.makespan:.2f} s; "
        f"ideal for {timeline.peak} at once: {ideal:.2f} s."
    )


def _next(exercise: Exercise) -> str:
    return f'(Lesson {exercise.lesson}; a nudge: hint("{exercise.id}"), or `workbook hint {exercise.id}`.)'


# ----------------------------------------
# In a notebook


class CheckError(AssertionError):
    """A check that could not pass. It stops Run All, and a notebook's test; its traceback is this one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class _Shown:
    """A verdict as a notebook shows it: words, the learner's own run drawn below, and both as text."""

    def __init__(self, verdict: Verdict) -> None:
        from workbook.plots import picture  # matplotlib takes a second to load

        self.verdict = verdict
        self.picture = picture(verdict.timeline) if verdict.timeline is not None and len(verdict.timeline) else None

    def __str__(self) -> str:
        head = f"{self.verdict.exercise} {self.verdict.outcome}: {self.verdict.message}"
        return f"{head}\n\n{self.picture}" if self.picture else head

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        mark, colour = {PASSED: ("✓ Passed", "#00735C"), NOT_YET: ("✗ Not yet", "#B34700")}.get(
            self.verdict.outcome, ("○ Not attempted", "#555555")
        )
        shown = (
            f'<div style="border-left:6px solid {colour};padding:6px 12px;margin:6px 0">'
            f'<strong style="color:{colour}">{mark}: {html.escape(self.verdict.exercise)}</strong><br>'
            f"{html.escape(self.verdict.message)}</div>"
        )
        if self.picture:
            shown += self.picture._repr_mimebundle_()["text/html"]
        return {"text/html": shown, "text/plain": str(self)}


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
    if not callable(answer):
        raise CheckError(
            f'check() is given the function itself, and this is a {type(answer).__name__}: check("{exercise_id}", '
            f"{exercise.entry}), without brackets behind the name."
        )
    try:
        source = pack(answer, exercise.entry)
        if untouched(source):
            verdict = not_attempted(exercise)
        else:
            print(f"Checking {exercise_id} …")
            verdict = of_this_process().judge(exercise_id, source)
    except Broken as error:
        verdict = Verdict(exercise_id, NOT_YET, str(error))
    progress.remember(exercise_id, verdict.outcome)
    display(_Shown(verdict))
    if verdict.outcome == NOT_YET:
        raise CheckError(f"{exercise_id} is not right yet: the reason is above.")


def progress_report(lesson: int) -> None:
    """Show how the exercises of a lesson stand, and what comes next.

    Args:
        lesson: its number, 0 to 8.
    """
    from workbook.gradebook import report

    report(lesson)


def hint(exercise_id: str, level: int = 1) -> None:
    """Print a hint for an exercise.

    Args:
        exercise_id: as "3.1".
        level: 1 is a nudge; the last is nearly there.

    Raises:
        UnknownExercise: there is no such exercise.
        ValueError: it has no hint of that level.
    """
    exercise = find(exercise_id)
    if level not in range(1, len(exercise.hints) + 1):
        raise ValueError(f"Exercise {exercise_id} has hints 1 to {len(exercise.hints)}, and {level} was asked for.")
    more = f'  (next: hint("{exercise_id}", {level + 1}))' if level < len(exercise.hints) else ""
    print(f"Hint {level} of {len(exercise.hints)}: {exercise.hints[level - 1]}{more}")
