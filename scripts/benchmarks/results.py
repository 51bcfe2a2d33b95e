"""The raw results: one JSON file, written anew after every round, so that an interrupted run keeps what it has."""

import json
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.surroundings import machine, versions


class Results:
    """What was measured so far, and what was not and why."""

    def __init__(self, file: Path, quick: bool) -> None:
        self.file, self.begun = file, time.monotonic()
        self.data: dict[str, Any] = {"machine": machine(), "versions": versions(), "quick": quick, "minutes": 0.0}
        self.data |= {"load": {}, "patterns": [], "alternatives": [], "handover": [], "not_run": []}

    def begin(self, part: str) -> None:
        """Note how busy the machine is as a part begins."""
        self.data["load"][part] = psutil.getloadavg()[0]
        print(f"{part}: load average {self.data['load'][part]:.1f}", flush=True)

    def case(self, part: str, **what: Any) -> list[dict]:
        """A new case of a part; its rounds are appended to the list that this returns."""
        rounds: list[dict] = []
        self.data[part].append({**what, "rounds": rounds})
        return rounds

    def not_run(self, what: str, reason: str) -> None:
        self.data["not_run"].append({"what": what, "reason": reason})
        print(f"  {what}: not run: {reason}", flush=True)
        self.save()

    def save(self) -> None:
        self.data["minutes"] = (time.monotonic() - self.begun) / 60
        self.file.parent.mkdir(parents=True, exist_ok=True)
        whole = self.file.with_suffix(".part")
        whole.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        whole.replace(self.file)
