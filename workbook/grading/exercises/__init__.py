"""The exercises: what is to be written, hints for it, and a grader that looks at how it ran.

One module per lesson, `lesson_0` to `lesson_12`, each with a tuple `EXERCISES`. A grader is a plain function. It gets
the learner's answer as a `sandbox.Answer`, runs it as often as it likes with arguments that it chooses, and returns if
the answer is right; if not, it raises `NotYet` with what the learner should read.
"""

import functools
import importlib

from workbook.grading.model import Exercise
from workbook.paths import command

LESSONS = {
    0: "Start here",
    1: "Sequential",
    2: "Parallel",
    3: "Server-side limits",
    4: "Batches",
    5: "Pitfalls: futures and failures",
    6: "Pitfalls: limits that don't limit",
    7: "Which limit when",
    8: "Async and child flows",
    9: "Production ETL",
    10: "Deploy",
    11: "Authenticate and operate",
    12: "Capstone",
}


class UnknownExercise(Exception):
    """There is no such exercise, or no such hint; the message is one sentence with its remedy."""

    def _render_traceback_(self) -> list[str]:  # in a notebook the sentence is all there is to read
        return [str(self)]


def of_lesson(lesson: int) -> tuple[Exercise, ...]:
    """The exercises of one lesson, in order."""
    return importlib.import_module(f"workbook.grading.exercises.lesson_{lesson}").EXERCISES


@functools.cache
def all_exercises() -> tuple[Exercise, ...]:
    """Every exercise, in order."""
    return tuple(exercise for lesson in LESSONS for exercise in of_lesson(lesson))


def find(exercise_id: str | float) -> Exercise:
    """The exercise with this id, as "3.1" or the number 3.1.

    Raises:
        UnknownExercise: there is none.
    """
    for exercise in all_exercises():
        if exercise.id == str(exercise_id):
            return exercise
    first, last = all_exercises()[0].id, all_exercises()[-1].id
    raise UnknownExercise(
        f'There is no exercise {exercise_id!r:.60}: {command("list")} shows them all, from "{first}" to "{last}".'
    )
