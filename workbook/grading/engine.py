"""One engine that judges answers: `check()` in a notebook and `workbook grade` on the command line both come here."""

import re
import time
import traceback
from collections.abc import Callable

from flows import warehouse
from workbook.figures import words
from workbook.grading.model import NOT_ATTEMPTED, NOT_YET, PASSED, Exercise, NotYet, Source, Verdict
from workbook.grading.sandbox import Answer, AnswerAborted, AnswerError
from workbook.grading.submissions import unfinished, untouched
from workbook.prefect_server import own
from workbook.prefect_server.local import ServerError
from workbook.timelines.finding import count


def judge(
    exercise: Exercise, source: Source, seconds: float | None = None, news: Callable[[str], None] = lambda _: None
) -> Verdict:
    """Judge one answer in a process of its own.

    Args:
        exercise: what it answers.
        source: the answer.
        seconds: the time limit; by default the exercise's own.
        news: called with a few words whenever the answer is run again.

    Raises:
        ServerError: the grading server has stopped meanwhile, or cannot be reached.
    """
    if verdict := unjudged(exercise, source):
        return verdict
    warehouse.prepare()  # here, where it may be written
    begun, answer = time.monotonic(), Answer(source, seconds or exercise.seconds, news)
    printed = ""
    try:
        with answer:
            try:
                exercise.grade(answer)
            finally:
                printed = answer.printed()
        outcome, message = PASSED, _well_done(exercise, answer)
    except NotYet as error:
        outcome, message = NOT_YET, _undefined(answer, str(error)) or str(error)
    except AnswerAborted as error:
        outcome, message = NOT_YET, (error.code == "raised" and _undefined(answer, str(error))) or str(error)
    except AnswerError as error:
        outcome, message = NOT_YET, _undefined(answer, str(error)) or f"Your answer raised {str(error).rstrip('. ')}."
    except ServerError:
        _look()
        raise
    except Exception as error:  # whatever an answer leaves behind, it gets a verdict
        outcome = NOT_YET
        message = (
            f"The grader couldn't handle what your answer returned or left ({type(error).__name__}: {error}). It "
            "should have told you more: please report it."
        )
        printed += traceback.format_exc()
    if outcome == NOT_YET:
        _look()
    timeline, limit = (answer.runs[-1].with_queries(), answer.runs[-1].limit) if answer.runs else (None, None)
    message = message.encode(errors="backslashreplace").decode()  # half a character can be in a result
    return Verdict(exercise.id, outcome, message, timeline, limit, printed, time.monotonic() - begun)


def _undefined(answer: Answer, message: str) -> str:
    """What to do about a name that the answer's last run did not know; empty if it knew all."""
    ended = str(answer.runs[-1].error or "") if answer.runs else ""
    if not (found := re.search(r"NameError: name '(\w+)' is not defined", f"{ended} {message}")):
        return ""
    where = "run the cell that defines" if answer.source.pickled else "define"
    return f"Your answer uses {found[1]!r}, which is not defined: {where} {found[1]!r} first, or correct the name."


def _look() -> None:
    """Blame no answer for a server that has stopped while it was judged."""
    try:
        own.look()
    except ServerError:
        raise ServerError("The grading server stopped during the check. Check again.") from None


def unjudged(exercise: Exercise, source: Source | None) -> Verdict | None:
    """The verdict on no answer, or one in which the stub or its `raise` line still stands; None if it has to be run."""
    if source is None:
        return Verdict(exercise.id, NOT_ATTEMPTED, f"There is no answer: {_to_do(exercise)} in its notebook.")
    if not unfinished(source):
        return None
    if untouched(exercise.id, source):
        return Verdict(exercise.id, NOT_ATTEMPTED, f"Nothing to check yet: {_to_do(exercise)}.")
    line = f"`{exercise.entry}` still has its `raise NotImplementedError` line. Delete the line, and check again."
    return Verdict(exercise.id, NOT_YET, line)


def _to_do(exercise: Exercise) -> str:
    return f"{'fix' if exercise.kind == 'fix' else 'write'} `{exercise.entry}`"


def _well_done(exercise: Exercise, answer: Answer) -> str:
    """What was observed, why the answer works, and what to try next: a paragraph each."""
    return "\n".join(part for part in (_observed(answer), exercise.why, exercise.variation) if part)


def _observed(answer: Answer) -> str:
    """How its last run went, in a sentence; empty if no task ran in it."""
    timeline = answer.runs[-1].timeline if answer.runs else None
    if timeline is None or not timeline.peak:
        return ""
    which = f" in the last of the check's {len(answer.runs)} runs" if len(answer.runs) > 1 else ""
    names = [words.clean(span.name) for span in timeline.where(state="FAILED")]
    failed = ", ".join(sorted(names, key=lambda name: [int(part) for part in re.findall(r"\d+", name)]))
    meant = f" The check made {'this' if len(names) == 1 else 'these'} fail: {failed}." if failed else ""
    took = words.seconds(timeline.makespan)
    held = " (In a check, queries wait for each other, so it takes longer.)" if answer.runs[-1].held else ""
    return f"Observed{which}: {count(len(timeline), 'task run')}, at most {timeline.peak} at once, {took}.{held}{meant}"
