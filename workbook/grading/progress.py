"""What the learner has passed so far: kept in `.workbook/progress.json`, for `workbook list` and the closing cells."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import filelock

from workbook import paths
from workbook.grading.exercises import all_exercises
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Exercise
from workbook.lessons.predictions import Compared
from workbook.prefect_server.local import plain_disk_errors

GUESSES = "guesses-"  # with a lesson's number: its guesses


def file() -> Path:
    return paths.home() / "progress.json"


def read() -> dict[str, dict]:
    """By exercise id: `last`, the newest outcome, and `passed`, the day it was first passed, if it ever was.

    A lesson's guesses stand under `guesses-` and its number.
    """
    try:
        found = json.loads(file().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or spoiled: it can be earned anew
        return {}
    return {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}


def remember(exercise_id: str, outcome: str) -> None:
    """Keep the outcome of a check. What was passed once stays passed; a later failure is kept beside it."""

    def changed(known: dict[str, str]) -> dict[str, str]:
        today = {"passed": datetime.date.today().isoformat()} if outcome == PASSED else {}
        return today | known | {"last": outcome}

    _change(exercise_id, changed)


def remember_guesses(lesson: int, answered: dict[str, list[Compared]]) -> None:
    """Keep the guesses of a lesson that were answered in this notebook, beside those kept before."""
    if answered:
        found = {
            about: [[one.name, one.guessed, one.actual] for one in compared] for about, compared in answered.items()
        }
        _change(f"{GUESSES}{lesson}", lambda known: known | found)


def guesses(lesson: int) -> dict[str, list[Compared]]:
    """The guesses of a lesson that were answered, by what they were about."""
    kept = read().get(f"{GUESSES}{lesson}", {})
    return {about: [Compared(*one) for one in compared] for about, compared in kept.items()}


def standing(exercise_id: str) -> str:
    """How an exercise stands, in words: "passed", "passed before, not yet now", "not yet" or "not attempted"."""
    entry = read().get(exercise_id, {})
    last = entry.get("last", NOT_ATTEMPTED)
    return f"passed before, {last} now" if "passed" in entry and last == NOT_YET else (
        PASSED if "passed" in entry else last
    )  # fmt: skip


def _change(key: str, changed: Callable[[dict], dict]) -> None:
    with plain_disk_errors():
        file().parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{file()}.lock"):
            known = read()
            whole = file().with_suffix(".new")
            text = json.dumps(known | {key: changed(known.get(key, {}))}, indent=1, sort_keys=True, default=str)
            whole.write_text(text, encoding="utf-8")
            whole.replace(file())


def left() -> list[Exercise]:
    """The exercises that have not passed, in order."""
    return [exercise for exercise in all_exercises() if standing(exercise.id) != PASSED]


def what_next() -> str:
    """How many exercises have passed, and which is the next."""
    total, following = len(all_exercises()), left()
    if not following:
        return f"All {total} exercises passed. Well done."
    first, passed = following[0], total - len(following)
    begin = f"{passed} of {total} passed. {'Next:' if passed else 'Begin with'}"
    return f"{begin} {first.id} ({first.title}), in lesson {first.lesson:02d}."
