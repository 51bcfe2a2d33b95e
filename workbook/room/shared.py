"""What a room shares: the slots of one limit, who holds them and who waits. Plain data; knows nothing of Prefect.

Two sources are kept apart. The task runs' own events say when each was created, started and ended, and the server says
what the limit is and which task runs hold its slots.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from workbook.timelines.timeline import Span, Timeline

WINDOW = 60.0  # seconds that are drawn; task runs that ended earlier are only counted
NEWS = 5.0  # seconds within which a task run's last event comes, if it comes at all
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class TaskRun:
    """What is known of one task run; its events may come in any order, and more than once."""

    flow_run: str
    created: float
    start: float | None = None
    restart: float | None = None  # of its last try
    end: float | None = None
    state: str = "PENDING"
    held: bool = False  # a slot, when the server was last asked
    lost: float | None = None  # when the server was first seen to have taken the slot back

    def finish(self, state: str, moment: float) -> None:
        if self.end is None or moment > self.end:
            self.end, self.state = moment, state

    @property
    def over(self) -> float | None:
        """When it ended. If its process was killed, no event says so, but in the end the server takes its slot back."""
        again = self.end is not None and self.restart is not None and self.restart > self.end
        return self.lost if self.end is None or again else self.end


@dataclass
class Room:
    """The task runs with a tag, of everybody whose flows use one server.

    Args:
        tag: the tag whose limit they share.
    """

    tag: str
    problem: str = ""  # why nothing is heard at the moment, in one sentence
    limit: int | None = None
    behind: float = 0.0  # seconds between the last event and its arrival here
    shown: dict[str, Any] = field(default_factory=dict)  # the last picture: every open page gets the same one
    _runs: dict[str, TaskRun] = field(default_factory=dict)
    _holders: list[str] = field(default_factory=list)
    _limits: list[tuple[float, int | None]] = field(default_factory=list)
    _people: dict[str, str] = field(default_factory=dict)  # the name that stands for each flow run
    _ended: defaultdict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))  # by name, of long ago
    _peak: int = 0

    def meet(self, flow_run: str, name: str) -> None:
        """Say whose flow run this is: the name of the outermost flow run, which its owner can choose."""
        self._people[flow_run] = name

    def knows(self, flow_run: str) -> bool:
        return flow_run in self._people

    def hear(self, task_run: str, flow_run: str, state: str, moment: float) -> None:
        """An event of a task run.

        Args:
            task_run: its id.
            flow_run: the id of its flow run.
            state: the type of the state that it went into, as "RUNNING".
            moment: when, in seconds.
        """
        run = self._runs.setdefault(task_run, TaskRun(flow_run, moment))
        run.created = min(run.created, moment)
        if state == "RUNNING":  # it keeps its slot until its last try
            run.start = moment if run.start is None else min(run.start, moment)
            run.restart = moment if run.restart is None else max(run.restart, moment)
        if state in FINAL:
            run.finish(state, moment)

    def end_flow_run(self, flow_run: str, moment: float) -> None:
        """A flow run has ended: those of its task runs that had not begun never will."""
        for run in self._runs.values():
            if run.flow_run == flow_run and run.start is None and run.over is None:
                run.finish("CANCELLED", moment)

    def count(self, limit: int | None, holders: Iterable[str], moment: float) -> None:
        """What the server says of the limit.

        Args:
            limit: how many slots it has; None if the tag has no limit, or one that is switched off.
            holders: the ids of the task runs that hold a slot.
            moment: when, in seconds.
        """
        if not self._limits or self._limits[-1][1] != limit:
            self._limits.append((moment, limit))
        self.limit, self._holders = limit, list(holders)
        for task_run, run in self._runs.items():
            holds = task_run in self._holders
            run.lost = None if holds else moment if run.held else run.lost
            run.held = holds

    def picture(self, now: float) -> dict[str, Any]:
        """The room at this moment, as plain JSON types.

        Returns:
            `slots`: the names of those who hold one; `people`: a row for each name, with the number of its task runs in
            each state and the seconds for which the longest waits; `curve`: how many ran at once, and `limits`: the
            limits, both as (seconds ago, number) over the last minute; `peak`: the most at once since the beginning.
        """
        timeline = self._timeline(now)
        self._peak = max(self._peak, timeline.peak)
        rows = self._rows(now)
        self._forget(now)
        return {
            "tag": self.tag,
            "problem": self.problem,
            "limit": self.limit,
            "slots": [self._name(self._runs[held].flow_run) if held in self._runs else "…" for held in self._holders],
            "running": sum(row["running"] for row in rows),
            "waiting": sum(row["waiting"] for row in rows),
            "peak": self._peak,
            "behind": round(self.behind, 2),
            "people": rows,
            "curve": _lately([step for step in timeline.curve() if step[0] < now], now),
            "limits": _lately(self._limits, now),
        }

    def _timeline(self, now: float) -> Timeline:
        spans = []
        for run in self._runs.values():
            if run.start is not None:
                end = run.over and max(run.start, run.over)
                spans.append(Span("", len(spans), run.created, run.start, end))
        return Timeline(tuple(spans), until=now)

    def _rows(self, now: float) -> list[dict[str, Any]]:
        rows = defaultdict(lambda: {"running": 0, "waiting": 0, "completed": 0, "failed": 0, "waits": 0.0})
        for name, ended in self._ended.items():
            rows[name]["completed"] = ended["COMPLETED"]
            rows[name]["failed"] = ended.total() - ended["COMPLETED"]
        for run in self._runs.values():
            row = rows[self._name(run.flow_run)]
            if run.over is not None:
                if run.state in FINAL or run.over < now - NEWS:
                    row["completed" if run.state == "COMPLETED" else "failed"] += 1
            elif run.start is not None:
                row["running"] += 1
            else:
                row["waiting"] += 1
                row["waits"] = max(row["waits"], round(now - run.created, 1))
        return [{"name": name, **rows[name]} for name in sorted(rows, key=str.casefold)]

    def _forget(self, now: float) -> None:
        """Keep only the counts of what ended long ago."""
        for task_run, run in list(self._runs.items()):
            if run.over is not None and run.over < now - WINDOW:
                self._ended[self._name(run.flow_run)][run.state] += 1
                del self._runs[task_run]
        while len(self._limits) > 1 and self._limits[1][0] < now - WINDOW:
            del self._limits[0]

    def _name(self, flow_run: str) -> str:
        return self._people.get(flow_run, "…")


def _lately(steps: list[tuple[float, Any]], now: float) -> list[tuple[float, Any]]:
    """The steps of the last minute, as (seconds ago, number), with the one that was in force when it began."""
    left = now - WINDOW
    before = [step for step in steps if step[0] < left][-1:]
    later = [step for step in steps if step[0] >= left]
    return [(round(min(WINDOW, now - moment), 2), number) for moment, number in before + later]
