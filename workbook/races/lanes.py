"""One pattern of a race, and how it ran: plain data."""

import json
import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from workbook.timelines.diagnosis import Finding, diagnose, explain
from workbook.timelines.timeline import Timeline


class RaceError(Exception):
    """The race cannot be run as asked; the message is one sentence with its remedy."""


@dataclass(frozen=True)
class Lane:
    """One pattern of the race, and how it ran.

    Args:
        name: the pattern.
        timeline: its queries, from Prefect's records.
        ideal: the seconds that no schedule of these queries can beat, with as many at once as this pattern allows.
        limit: how many may run at once, if something holds them back.
        flow_run_id: the id of its flow run.
        missing: how many records never came.
        error: why it did not complete, if it did not.
    """

    name: str
    timeline: Timeline = field(repr=False)
    ideal: float
    limit: int | None
    flow_run_id: str
    missing: int = 0
    error: str | None = None

    @property
    def ratio(self) -> float:
        """The makespan as a multiple of this pattern's ideal; infinite if there was no work."""
        return self.timeline.makespan / self.ideal if self.ideal else math.inf

    @cached_property
    def findings(self) -> list[Finding]:
        return diagnose(self.timeline, self.limit)

    @property
    def idle(self) -> float:
        """Slot-seconds in which a slot idled because its batch had not ended."""
        return sum(finding.seconds for finding in self.findings if finding.code == "batch-barriers")

    @property
    def diagnosis(self) -> str:
        """What there is to say about how it ran, in words."""
        unproven = f"The records of {self.missing} task runs never came. " if self.missing else ""
        failed = f"It didn't complete: {self.error}. " if self.error else ""
        return failed + unproven + explain(self.timeline, self.limit).replace("\n", " ")

    def to_record(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "pattern": self.name,
            "seconds": self.timeline.makespan,
            "ideal": self.ideal,
            "ratio": self.ratio if math.isfinite(self.ratio) else None,
            "peak": self.timeline.peak,
            "idle_at_barriers": self.idle,
            "limit": self.limit,
            "flow_run_id": self.flow_run_id,
            "missing": self.missing,
            "error": self.error,
            "findings": [asdict(finding) for finding in self.findings],
            "timeline": json.loads(self.timeline.to_json()),
        }
