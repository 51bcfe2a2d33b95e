"""The exercises: what is to be written, hints for it, and a grader that looks at how it ran.

One module per lesson, `lesson_0` to `lesson_8`, with a tuple `EXERCISES`. A grader is a plain function: it is given the
learner's answer as a `workbook.sandbox.Answer`, runs it as often as it likes with arguments of its own choice, and
passes it by returning, or raises `NotYet` with what the learner should read.
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbook.progress import PASSED

if TYPE_CHECKING:
    from workbook.sandbox import Answer
    from workbook.timeline import Timeline

LESSONS = {
    0: "Start here",
    1: "Sequential",
    2: "Parallel",
    3: "Server-side limit",
    4: "Batches",
    5: "Pitfalls",
    6: "Production ETL",
    7: "Deploy and authenticate",
    8: "Capstone",
}


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        id: lesson and number, as "3.1".
        title: a few words.
        minutes: how long a learner may need.
        entry: the name of the function, or flow, that the learner writes.
        contract: its signature, and what must be true of its run, in a few sentences.
        hints: from a nudge to nearly there.
        grade: returns when the answer is right, and raises `NotYet` when it is not.
        seconds: the time limit for all that the grader does with one answer. It only ends what hangs: a pool of
            processes, each of which loads Prefect, may need a minute to start on a busy machine.
    """

    id: str
    title: str
    minutes: int
    entry: str
    contract: str
    hints: tuple[str, ...]
    grade: Callable[["Answer"], None]
    seconds: float = 120

    @property
    def lesson(self) -> int:
        return int(self.id.partition(".")[0])


class NotYet(Exception):
    """The answer is not right yet: what its tasks did, what was expected, and why, in sentences for the learner.

    Args:
        happened: what was seen.
        expected: what should have been seen.
        why: what usually causes it, or where to look.
    """

    def __init__(self, happened: str, expected: str, why: str = "") -> None:
        super().__init__(" ".join(part for part in (happened, expected, why) if part))
        self.happened, self.expected, self.why = happened, expected, why


@dataclass(frozen=True)
class Verdict:
    """What a grader says of an answer.

    Args:
        exercise: the exercise's id.
        outcome: "passed", "not yet" or "not attempted".
        message: what was observed, or what is wrong and where to look, for the learner.
        timeline: how the answer's last run went, if it came to one.
        printed: the end of what the answer printed and logged.
        seconds: how long judging took.
    """

    exercise: str
    outcome: str
    message: str
    timeline: "Timeline | None" = field(default=None, repr=False)
    printed: str = field(default="", repr=False)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome == PASSED


class UnknownExercise(Exception):
    """There is no such exercise; the message is one sentence with its remedy."""


def of_lesson(lesson: int) -> tuple[Exercise, ...]:
    """The exercises of one lesson, in order."""
    return importlib.import_module(f"workbook.exercises.lesson_{lesson}").EXERCISES


@functools.cache
def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise, in order."""
    return tuple(exercise for lesson in LESSONS for exercise in of_lesson(lesson))


def find(exercise_id: str) -> Exercise:
    """The exercise with this id.

    Raises:
        UnknownExercise: there is none.
    """
    for exercise in all_exercises():
        if exercise.id == exercise_id:
            return exercise
    raise UnknownExercise(f"There is no exercise {exercise_id!r}: `workbook list` shows them all, from 0.1 to 8.1.")
