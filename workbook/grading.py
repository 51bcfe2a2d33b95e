"""One engine that judges answers: `check()` in a notebook and `workbook grade` on the command line both come here."""

import contextlib
import html
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flows import warehouse
from workbook import progress
from workbook.answers import Source, code_of, untouched
from workbook.exercises import Exercise, NotYet, find
from workbook.progress import NOT_ATTEMPTED, NOT_YET, PASSED
from workbook.sandbox import GRADING, Answer, AnswerError, Broken, Run, pack
from workbook.textplot import count


@dataclass(frozen=True)
class Verdict:
    """What a grader says of an answer.

    Args:
        exercise: the exercise's id.
        outcome: "passed", "not yet" or "not attempted".
        message: what was observed, or what is wrong and where to look, for the learner.
        run: the answer's last run, if it came to one.
        printed: the end of what the answer printed and logged.
        seconds: how long judging took.
    """

    exercise: str
    outcome: str
    message: str
    run: Run | None = field(default=None, repr=False)
    printed: str = field(default="", repr=False)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome == PASSED


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
        return Verdict(exercise.id, NOT_ATTEMPTED, f"Nothing to check yet: write {exercise.entry!r}. {_next(exercise)}")
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
    if outcome == NOT_YET:
        message += f" {_next(exercise)}"
    run = answer.runs[-1] if answer.runs else None
    return Verdict(exercise.id, outcome, message, run, printed, time.monotonic() - begun)


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
# What an answer leaves on the server


@contextlib.contextmanager
def tidied() -> Iterator[None]:
    """Put the server back afterwards: limits, deployments and work pools that came meanwhile go, changed limits return.

    One answer at a time: what other runs make on the same server meanwhile would go with it.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    with get_client(sync_client=True) as client:
        limits, deployments, pools = _limits(client), _deployments(client), _pools(client)
    try:
        yield
    finally:
        with get_client(sync_client=True) as client:
            for name, limit in _limits(client).items():
                if name not in limits:
                    client.delete_global_concurrency_limit_by_name(name)
                elif (limit.limit, limit.active) != ((before := limits[name]).limit, before.active):
                    client.update_global_concurrency_limit(
                        name, GlobalConcurrencyLimitUpdate(limit=before.limit, active=before.active)
                    )
            for found in _deployments(client) - deployments:
                client.delete_deployment(found)
            for found in _pools(client) - pools:
                client.delete_work_pool(found)


def _limits(client: Any) -> dict[str, Any]:
    return {limit.name: limit for limit in client.read_global_concurrency_limits(limit=200, offset=0)}


def _deployments(client: Any) -> set[Any]:
    from prefect.client.schemas.sorting import DeploymentSort

    return {deployment.id for deployment in client.read_deployments(limit=200, sort=DeploymentSort.NAME_ASC)}


def _pools(client: Any) -> set[str]:
    return {pool.name for pool in client.read_work_pools(limit=200)}


# ----------------------------------------
# In a notebook


class CheckError(AssertionError):
    """A check that could not pass. It stops Run All, and a notebook's test; its traceback is this one line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class _Shown:
    """A verdict as a notebook shows it: words, the learner's own run drawn below, and both as text."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.picture = verdict.run.plot() if verdict.run is not None and len(verdict.run.timeline) else None

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
    if code_of(answer) is None:
        raise CheckError(
            f'check() is given the function itself, and this is a {type(answer).__name__}: check("{exercise_id}", '
            f"{exercise.entry}), without brackets behind the name."
        )
    try:
        source = pack(answer, exercise.entry)
        if not untouched(source):
            print(f"Checking {exercise_id} …")
        with tidied():
            verdict = judge(exercise, source)
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
