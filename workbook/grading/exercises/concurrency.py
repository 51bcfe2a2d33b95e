"""What graders expect of the moments at which things ran: how many at once, under which limit, and in which order.

At a gate the queries of a run wait for each other, so what could run at once did: no verdict depends on speed.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from prefect.client.orchestration import get_client
from prefect.events import Event
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter

from workbook.grading.evidence import Run
from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.lessons.gate import Meeting, in_flight, together
from workbook.prefect_server.limits import read_limit
from workbook.timelines.diagnosis import diagnose
from workbook.timelines.timeline import Span, Surroundings, Timeline

WAITS_INSIDE = "Something inside your task makes it wait while it is Running, as a lock or a semaphore does."
TOOK_SLOTS = (
    "Your tasks did take slots of its limit, with `concurrency()`. Here the tag should do that: then a task run that "
    "waits isn't Running yet."
)


def peak(seen: Run, wanted: int, indexes: Sequence[int], tag: str | None = None) -> None:
    """Just so many task runs were under way at once (of those with a tag, if it is named), and as many queries.

    Args:
        seen: a run whose queries met at a gate: as many as wanted were in flight together, if they ever could be.
        wanted: how many.
        indexes: the queries.
        tag: only task runs with this tag count.
    """
    spans = _tagged(seen, tag)
    if spans.peak > wanted:
        raise NotYet(
            f"{spans.peak} of {_yours(seen, spans, tag)} ran at once.", f"It should have been {wanted}.",
            why(spans, wanted),
        )  # fmt: skip
    met(seen, [(indexes, wanted)], tag)


def met(seen: Run, meeting: Meeting, tag: str | None = None) -> None:
    """At one moment as many queries of each group were in flight as it wants.

    Args:
        seen: a run whose queries met at a gate.
        meeting: groups, each as (queries, how many of them).
        tag: only task runs with this tag count.
    """
    if together(seen.asked, meeting):
        return
    spans = seen.timeline.where(tag=tag) if tag else seen.timeline
    yours = _yours(seen, spans, tag)
    wanted = sum(count for _, count in meeting)
    most = in_flight(seen.asked, [index for indexes, _ in meeting for index in indexes])
    if spans.peak < wanted:
        raise NotYet(
            f"At most {spans.peak} of {yours} ran at once.",
            f"It should have been {wanted}.",
            held_back(spans),
        )
    if most < wanted:
        raise NotYet(
            f"{spans.peak} of {yours} ran at once, but at most {most} of their queries.",
            f"It should have been {wanted} queries.",
            "Something makes your tasks wait while they are Running: a lock or a semaphore, or a blocking call in an "
            "`async` task, which `asyncio.to_thread` moves to a thread.",
        )
    raise NotYet(
        "Your two kinds of tasks didn't use all their slots at the same time.", "They should.",
        "Submit both kinds before you wait for either.",
    )  # fmt: skip


def _yours(seen: Run, spans: Timeline, tag: str | None) -> str:
    """What a message calls these task runs: it names their tag if others ran besides."""
    return "your tasks" if tag is None or len(spans) == len(seen.timeline) else f"your tasks with the tag {tag!r}"


def side_by_side(seen: Run, indexes: Sequence[int]) -> None:
    """All these queries were in flight together, in a run that no limit holds back and whose queries met at a gate."""
    if together(seen.asked, [(indexes, len(indexes))]):
        return
    spans, most = expect.queried(seen, indexes), in_flight(seen.asked, indexes)
    if spans.peak < len(indexes):
        raise NotYet(
            f"At most {spans.peak} of your tasks ran at once.",
            f"All {len(indexes)} should run at the same time.",
            held_back(spans),
        )
    raise NotYet(
        f"{spans.peak} of your tasks ran at once, but at most {most} of their queries.",
        f"All {len(indexes)} queries should run at the same time.",
        WAITS_INSIDE,
    )


def never_above(seen: Run, limit: int, tag: str | None = None) -> None:
    """Never more than so many ran at once (of those with a tag, if it is named)."""
    spans = _tagged(seen, tag)
    if spans.peak > limit:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.", f"It should never have been more than {limit}.",
            why(spans, limit),
        )  # fmt: skip


def all_before(first: Iterable[Span], second: Iterable[Span], first_name: str, second_name: str) -> None:
    """Every span of `first` had ended when any of `second` began."""
    first, second = list(first), list(second)
    if Timeline.before(first, second):
        return
    early = min((span for span in second if span.start is not None), key=lambda span: span.start)
    late = max(first, key=lambda span: float("inf") if span.end is None else span.end)
    raise NotYet(
        f"{early.name} began before {late.name} had ended.",
        f"{first_name} should end before {second_name} {'begins' if len(second) == 1 else 'begin'}.",
        "Give the later task the earlier one's result, or name its future in `wait_for`, or collect it first.",
    )  # fmt: skip


# ----------------------------------------
# Limits


def all_tagged(seen: Run, indexes: Sequence[int], tag: str) -> None:
    """The task run of each of these queries carries the tag."""
    homes = {query.task_run_id for query in seen.asked if query.index in indexes}
    if not (free := [span for span in seen.timeline if span.id in homes and tag not in span.tags]):
        return
    found = sorted({tag for span in free for tag in span.tags})
    raise NotYet(
        f"{len(free)} of {len(homes)} task runs have {f'the tags {found} instead of {tag!r}' if found else 'no tag'}; "
        f"at most {seen.timeline.peak} task runs ran at once.",
        f"Each of them should have the tag {tag!r}.",
        why_not_tagged(seen, tag, found),
    )


def limit_kept(tag: str, slots: int) -> None:
    """The limit is what the grader set it to: what an answer changed explains what follows."""
    found = read_limit(tag)
    if found is None or found.limit != slots:
        raise NotYet(
            f"The limit on {tag!r} was {slots}, and after your flow it is {found.limit if found else 'gone'}.",
            "Your flow should leave the limit as it is.",
            "It belongs to the server, and other flows rely on it.",
        )


def slots_returned(tag: str, timeout: float = 5) -> None:
    """No slot of the tag's limit is still taken, after `timeout` seconds at the latest."""
    until = time.monotonic() + timeout
    while (limit := read_limit(tag)) and limit.active_slots:
        if time.monotonic() > until:
            raise NotYet(
                f"The limit on {tag!r} still has {limit.active_slots} of its slots taken.", "All should be free again."
            )
        time.sleep(0.05)  # between two looks


def _tagged(seen: Run, tag: str | None) -> Timeline:
    spans = seen.timeline.where(tag=tag)
    if tag and not len(spans):
        tags = sorted({tag for span in seen.timeline for tag in span.tags})
        raise NotYet(
            f"None of your task runs has the tag {tag!r}{f'; their tags are {tags}' if tags else ''}.",
            f"The tasks should carry the tag {tag!r}.",
            why_not_tagged(seen, tag, tags),
        )
    return spans


def why_not_tagged(seen: Run, tag: str, tags: Sequence[str]) -> str:
    """Where to look if task runs lack a tag, and have others; as far as the records show it."""
    if took_slots(seen, tag):
        return TOOK_SLOTS
    if len(tags) > 1 and set(tag) <= set(tags) and all(len(letter) == 1 for letter in tags):
        return f"`tags` is a list: `tags=[{tag!r}]`. A text is taken for a list of its letters."
    if not tags:
        return (
            "A task without a tag isn't limited: put `tags=[…]` into `@task`. (`with_options(tags=[…])` doesn't change "
            "a task: it returns a new one, and that's the one to submit.)"
        )
    if len(tags) == 1 and read_limit(tags[0]):
        return f"They count against the limit on {tags[0]!r}: give each task the tag of the resource that it uses."
    return (
        "If no limit has exactly the name of the tag, the tag limits nothing, and nothing warns you. Look for a typo, "
        "or write the name once and use it for all."
    )


def took_slots(seen: Run, tag: str) -> bool:
    """Whether task runs without the tag took slots of its limit themselves, with `concurrency("tag:…")`."""
    without = {span.id for span in seen.timeline if tag not in span.tags}
    return any(task_runs(event) & without for event in acquired(seen, f"tag:{tag}"))


def task_runs(event: Event) -> set[str]:
    """The ids of the task runs that an event is about."""
    prefix = "prefect.task-run."
    return {related.id.removeprefix(prefix) for related in event.related if related.id.startswith(prefix)}


def acquired(seen: Run, limit: str, timeout: float = 10) -> list[Event]:
    """The events of slots of a limit that were acquired in a run.

    They come a little later than the task runs' records. A task run's own end comes after what it acquired.

    Args:
        seen: the run.
        limit: the name of the global limit.
        timeout: seconds to wait for the ends of the task runs.
    """
    names = ["prefect.concurrency-limit.acquired", "prefect.task-run.Completed", "prefect.task-run.Failed"]
    begin = datetime.fromtimestamp(seen.timeline.begin or 0, UTC)
    wanted = EventFilter(event=EventNameFilter(name=names), occurred=EventOccurredFilter(since=begin))
    ended = {f"prefect.task-run.{span.id}" for span in seen.timeline if span.state in ("COMPLETED", "FAILED")}
    until = time.monotonic() + timeout
    with get_client(sync_client=True) as client:
        while True:
            page = client.read_events(wanted, limit=50)
            events = list(page.events)
            while page.next_page:
                page = client.read_events_page(page.next_page)
                events += page.events
            if ended <= {event.resource.id for event in events} or time.monotonic() > until:
                return [event for event in events if event.resource.get("prefect.resource.name") == limit]
            time.sleep(0.2)  # between two looks


# ----------------------------------------
# Causes


def why(timeline: Timeline, limit: int | None = None) -> str:
    """The first thing that the diagnosis has to say of a timeline; empty if it has none."""
    findings = diagnose(replace(timeline, around=Surroundings()), limit)  # nothing else ran on the grading server
    return findings[0].text if findings else ""


def held_back(spans: Timeline) -> str:
    """Where to look if fewer ran at once than should. (The time at the gate isn't the learner's.)"""
    first_end = min((span.end for span in spans if span.end is not None), default=float("inf"))
    ids = {span.id for span in spans}
    chained = any(span.parents & ids for span in spans)
    chained |= len({bool(span.parents) for span in spans}) > 1  # by way of other tasks: the first waits for none
    if chained and all(span.created < first_end for span in spans):
        return (
            "They were submitted early but waited for each other: look for `wait_for=`, or for a future among the "
            "arguments."
        )
    if spans.peak < 2:
        return (
            "They ran one at a time: look for `.result()` inside the loop that submits, or `.wait()` or `await`, a "
            "task that is called instead of submitted, a generator or `map()` that submits only as you collect, a task "
            "runner with one worker, or a blocking call such as `ask()` in an `async` task: use `asyncio.to_thread`."
        )
    return (
        "The others began only after some of these had ended: look for `.result()` or `.wait()` inside the loop that "
        "submits, for batches, for a task runner with few workers, or for a blocking call such as `ask()` in an "
        "`async` task: use `asyncio.to_thread`."
    )
