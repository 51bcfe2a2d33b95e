"""What the learner has passed so far: kept in `.workbook/progress.json`, for `workbook list` and the closing cells."""

import datetime
import json
from pathlib import Path

import filelock

from workbook import server

PASSED, NOT_YET, NOT_ATTEMPTED = "passed", "not yet", "not attempted"


def file() -> Path:
    return server.home() / "progress.json"


def read() -> dict[str, dict[str, str]]:
    """By exercise id: `last`, the newest outcome, and `passed`, the day it was first passed, if it ever was."""
    try:
        found = json.loads(file().read_text())
    except (OSError, ValueError):  # none yet, or spoiled: it can be earned anew
        return {}
    return {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}


def remember(exercise_id: str, outcome: str) -> None:
    """Keep the outcome of a check; what was passed once stays passed, and a later failure is kept beside it."""
    file().parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{file()}.lock"):
        known = read()
        entry = known.get(exercise_id, {}) | {"last": outcome}
        if outcome == PASSED:
            entry.setdefault("passed", datetime.date.today().isoformat())
        whole = file().with_suffix(".new")
        whole.write_text(json.dumps(known | {exercise_id: entry}, indent=1, sort_keys=True))
        whole.replace(file())


def standing(exercise_id: str) -> str:
    """How an exercise stands, in words: "passed", "passed before, not yet now", "not yet" or "not attempted"."""
    entry = read().get(exercise_id, {})
    last = entry.get("last", NOT_ATTEMPTED)
    return f"passed before, {last} now" if "passed" in entry and last == NOT_YET else (
        PASSED if "passed" in entry else last
    )  # fmt: skip
