"""The grader of exercise 4.1: batches, one after the other."""

from itertools import pairwise

from workbook.grading.evidence import Run
from workbook.grading.exercises import expect
from workbook.grading.exercises.beside import outlast
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight, together
from workbook.timelines.finding import named
from workbook.timelines.timeline import Timeline

SECONDS = 0.11  # of each query


def batched(answer: Answer) -> None:
    """Two sizes: what was written for one shows with the other. In the second run, the smaller, one query is held up.

    It is the first. It waits at the gate for the first of the second batch, which must not come, so the wait ends by
    the gate's time-out. An answer that sleeps between batches, or waits for one query of each, shows itself.
    """
    more, less = sorted(answer.rng.sample([2, 3, 4], 2), reverse=True)
    for size, held in ((more, False), (less, True)):
        indexes = answer.rng.sample(range(20), 2 * size + 1)
        batches = [indexes[first : first + size] for first in range(0, len(indexes), size)]
        if held:
            gate = outlast(answer, answer.gate([([batches[0][0], batches[1][0]], 2)]))
        else:
            gate = answer.gate(*([(batch, len(batch))] for batch in batches))
        seen = answer(indexes, SECONDS, size, gate=gate)
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        in_turn(seen, batches, size)
        for batch in [] if held else batches:
            whole(seen, batch, size)


def in_turn(seen: Run, batches: list[list[int]], size: int) -> None:
    """Never more than a batch ran at once, and each batch began when the one before had ended."""
    spans = expect.queried(seen, [index for batch in batches for index in batch])
    if spans.peak > size:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.",
            f"It should have been at most {size}, the size of a batch.",
            "Collect every result of a batch before you submit the next, and check where your slices end.",
        )
    for number, (batch, following) in enumerate(pairwise(batches), start=1):
        if not Timeline.before(expect.queried(seen, batch), expect.queried(seen, following)):
            found, wanted = ([str(count) for count in counts] for counts in (_sizes(spans), map(len, batches)))
            if any(int(count) > size for count in found):
                raise NotYet(
                    f"A query of batch {number + 1} began before batch {number} had ended.",
                    f"A batch, of {size} queries in this run, should start when the one before it has ended.",
                    "A place was filled before the rest of the batch had ended: that is a limit, not a batch. Collect "
                    "every result of a batch before you submit the next.",
                )
            if found != wanted and len(found) > 1:
                raise NotYet(
                    f"A query of batch {number + 1} began before batch {number} had ended. Your flow ran "
                    f"{named(tuple(found))} queries, each group after the one before.",
                    f"The batches should have {named(tuple(wanted))} queries: {size}, and what is left in the last.",
                    "Take the size from the argument, check where your slices begin and end, and collect every result "
                    "of a batch before you submit the next.",
                )
            raise NotYet(
                f"A query of batch {number + 1} began before batch {number} had ended.",
                f"In this run a batch has {size} queries, and a batch should start when the one before it has ended.",
                "Take the size from the argument, and collect every result of a batch before you submit the next. A "
                "pause of fixed length doesn't wait for anything.",
            )


def _sizes(spans: Timeline) -> list[int]:
    """How many tasks each group had, if a group ends where no task runs."""
    sizes, end = [], None
    for span in sorted(spans, key=lambda span: span.start):
        if end is None or span.start >= end:
            sizes.append(0)
        sizes[-1] += 1
        end = span.end if end is None else max(end, span.end)
    return sizes


def whole(seen: Run, batch: list[int], size: int) -> None:
    """The queries of a batch were in flight together."""
    if together(seen.asked, [(batch, len(batch))]):
        return
    spans, most = expect.queried(seen, batch), in_flight(seen.asked, batch)
    if spans.peak < len(batch):
        raise NotYet(
            f"At most {spans.peak} of the {len(batch)} queries of a batch ran at once.",
            f"In this run a batch has {size} queries, which should all run at the same time.",
            ("They ran one at a time: submit" if spans.peak < 2 else "Take the size from the argument, and submit")
            + " the whole batch before you collect any of its results.",
        )
    raise NotYet(
        f"{spans.peak} tasks of a batch ran at once, but at most {most} of their queries.",
        f"In this run a batch has {size} queries, which should all run at the same time.",
        "Look inside your task for a lock or a semaphore: it makes a running task wait.",
    )
