"""What a timeline is made of: one task run from its creation to its end, and what was around all of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

CUT_OFF = ("CRASHED", "CANCELLED", "CANCELLING")  # states of what was stopped from outside


@dataclass(frozen=True, slots=True)
class Span:
    """One task run, from its creation to its end; or one flow run, which has the same moments and states.

    Args:
        name: the task run's name, as "sql_query-3".
        index: its place in the order of creation within the flow run.
        created: the moment when it was submitted, in seconds.
        start: the moment when it began to run, after any wait for a slot; None if it never did.
        end: the moment when it ended; None if it is still running, or never started.
        state: the type of its last state, as "COMPLETED" or "FAILED".
        state_name: the name of that state, as "Cached" or "TimedOut", if it is known.
        message: the text of its last state, as "ValueError: no such query", unless it completed.
        tries: how often it was tried.
        delays: from when to when it waited for its next try, where that is known; no time apart if it was tried again
            at once.
        queries: from when to when each of its queries ran, where they are known and differ from it.
        attempt: the attempt of its flow run in which it ran; above 1 after a retry of the flow.
        flow: the id of its flow run; of a flow run, the id of the one that called or triggered it.
        tags: its tags.
        task: the name of its task, as "sql_query", or of its flow.
        key: what tells its task apart from others of the same name; empty if nothing is known but the name.
        id: its id.
        parents: the ids of the task runs that gave it their results, or that called it.
        called_by: the ids of those that called it; None if it isn't known which of its parents did.
        deployment: of a flow run, the name of its deployment, as "prod-etl"; empty if it has none.
        work_pool: of a flow run, its work pool, with the queue after a slash, as "prod-pool/default"; empty if none.

    Raises:
        ValueError: it ends before it starts, ends without having started, or has a moment that isn't a finite number.
    """

    name: str
    index: int
    created: float
    start: float | None
    end: float | None
    state: str = "COMPLETED"
    tags: frozenset[str] = frozenset()
    task: str = ""
    id: str = ""
    parents: frozenset[str] = frozenset()
    state_name: str = ""
    message: str = ""
    tries: int = 1
    delays: tuple[tuple[float, float], ...] = ()
    queries: tuple[tuple[float, float], ...] = ()
    attempt: int = 1
    flow: str = ""
    deployment: str = ""
    work_pool: str = ""
    key: str = ""
    called_by: frozenset[str] | None = None

    def __post_init__(self) -> None:
        created, start, end = self.created, self.start, self.end
        for moment in (created, start, end):
            if moment is not None and not math.isfinite(moment):
                raise ValueError(f"Span {self.name!r} has a moment that isn't a finite number ({moment}).")
        if end is not None and (start is None or end < start):
            raise ValueError(f"Span {self.name!r} ends at {self.end}, before it starts at {self.start}.")

    @property
    def cached(self) -> bool:
        """Whether its result came from the cache: it is Completed, and its code didn't run."""
        return self.state_name == "Cached"

    @property
    def seconds(self) -> float | None:
        """How long it ran; None if it never started or is still running."""
        return None if self.end is None else self.end - self.start

    def to_record(self) -> dict[str, Any]:
        """The span as a dict of plain JSON types."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "tags": sorted(self.tags),
            "parents": sorted(self.parents),
            "called_by": None if self.called_by is None else sorted(self.called_by),
        }


@dataclass(frozen=True)
class Surroundings:
    """What was around the task runs of a flow run, as far as the server's API tells.

    Args:
        state: the type of the flow run's last state, as "COMPLETED"; empty if it isn't known.
        message: the text of that state.
        limits: the limit of each tag, when the records were read.
        other_limits: the other limits of this run and the flow runs that it called, as "work pool 'prod'"; and the
            server's global limits, which a task may take slots of with concurrency().
        slot_wait: seconds for which the server has a task run wait that found no free slot; None if it doesn't tell.
        unexplained: by tag, the slots that were taken then although no running task run held them.
        others: the task runs of other flow runs that shared a limited tag with these, at the same time.
        strays: if no task ran in the flow run, those that ran at the same time outside of any flow run.
        children: the flow runs that this one called or triggered, and those that they did, in the order of creation.
        flows: the name of each flow run that has task runs here, by its id.
        tries: how often the flow run was tried.
    """

    state: str = ""
    message: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    other_limits: Mapping[str, int] = field(default_factory=dict)
    slot_wait: float | None = None
    unexplained: Mapping[str, int] = field(default_factory=dict)
    others: tuple[Span, ...] = ()
    strays: tuple[Span, ...] = ()
    children: tuple[Span, ...] = ()
    flows: Mapping[str, str] = field(default_factory=dict)
    tries: int = 1

    def to_record(self) -> dict[str, Any]:
        """The surroundings as a dict of plain JSON types."""
        return {
            "state": self.state,
            "message": self.message,
            "limits": dict(self.limits),
            "other_limits": dict(self.other_limits),
            "slot_wait": self.slot_wait,
            "unexplained": dict(self.unexplained),
            "others": [span.to_record() for span in self.others],
            "strays": [span.to_record() for span in self.strays],
            "children": [span.to_record() for span in self.children],
            "flows": dict(self.flows),
            "tries": self.tries,
        }
