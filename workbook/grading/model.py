"""What grading is about: an exercise, an answer to it, and the verdict on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook.timelines.timeline import Timeline

PASSED, NOT_YET, NOT_ATTEMPTED = "passed", "not yet", "not attempted"
NOT_JUDGED = "not judged"  # of a class only: the grading server failed, which is nobody's mistake


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        id: lesson and number, as "3.1".
        title: a few words.
        kind: what the learner does: "write", "fix", "predict" (say in code what will happen) or "choose" (measure, then
            decide).
        minutes: how long a learner may need.
        entry: the name of the function, or flow, that the learner writes.
        hints: first a question, then a pointer with a link to Prefect's docs, then a skeleton; never the whole answer.
        why: after a pass, one or two sentences on why it works.
        variation: after a pass, one thing to try.
        grade: given the answer as a `sandbox.Answer`; returns if it is right, and raises `NotYet` if it isn't.
        seconds: the time limit for all that the grader does with one answer. It only ends what hangs: a pool of
            processes, each of which loads Prefect, may need a minute to start on a busy machine.
    """

    id: str
    title: str
    minutes: int
    entry: str
    hints: tuple[str, ...]
    grade: Callable[[Any], None]
    kind: str = "write"
    why: str = ""
    variation: str = ""
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
        sentences = (
            part if part.endswith((".", "?", "…", ".)")) else f"{part}." for part in (happened, expected, why) if part
        )
        super().__init__(" ".join(sentences))
        self.happened, self.expected, self.why = happened, expected, why


@dataclass(frozen=True)
class Verdict:
    """What a grader says of an answer.

    Args:
        exercise: the exercise's id.
        outcome: "passed", "not yet" or "not attempted".
        message: what was observed, or what is wrong and where to look, for the learner.
        timeline: how the answer's last run went, if there was one.
        limit: how many could run at once in it, if the grader had set a limit.
        printed: the end of what the answer printed and logged.
        seconds: how long judging took.
    """

    exercise: str
    outcome: str
    message: str
    timeline: "Timeline | None" = field(default=None, repr=False)
    limit: int | None = None
    printed: str = field(default="", repr=False)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.outcome == PASSED


@dataclass(frozen=True)
class Source:
    """An answer: its text, or the function itself as a notebook has it.

    Args:
        entry: the name of the function that the learner writes.
        text: Python source that defines it; of a notebook's function, its cell.
        pickled: the function itself, by cloudpickle, from a notebook.
        name: what the learner knows the text as, for messages.
    """

    entry: str
    text: str = ""
    pickled: bytes = b""
    name: str = "your answer"
