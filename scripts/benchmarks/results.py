"""The raw results: one JSON file, written anew after every round, so that an interrupted run keeps what it has."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import psutil

from benchmarks.surroundings import machine, versions

PARTS = {
    "patterns": "the patterns against the ideal",
    "alternatives": "the alternatives side by side",
    "handover": "the hand-over of a slot",
}


class Results:
    """What was measured so far, and what was not and why."""

    def __init__(self, file: Path, quick: bool, parts: Collection[str] = PARTS) -> None:
        """Begin anew with these parts; the others are taken over from the file, if it is there."""
        self.file, self.begun, self.part = file, time.monotonic(), ""
        self.data: dict[str, Any] = {"machine": machine(), "versions": versions(), "quick": quick, "minutes": 0.0}
        self.data |= {"load": {}, "not_run": []} | {part: [] for part in PARTS}
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        for part in [part for part in PARTS if part not in parts]:
            if before is None:
                self.data["not_run"].append({"part": part, "what": PARTS[part], "reason": "not asked for"})
                continue
            self.data[part] = before[part]
            self.data["versions"] = before["versions"] | self.data["versions"]
            self.data["load"] |= {one: load for one, load in before["load"].items() if one == part}
            self.data["not_run"] += [one for one in before["not_run"] if one["part"] == part]

    def begin(self, part: str) -> None:
        """Note how busy the machine is as a part begins."""
        self.part = part
        self.data["load"][part] = psutil.getloadavg()[0]
        print(f"{part}: load average {self.data['load'][part]:.1f}", flush=True)

    def case(self, part: str, **what: Any) -> list[dict]:
        """A new case of a part; its rounds are appended to the list that this returns."""
        rounds: list[dict] = []
        self.data[part].append({**what, "rounds": rounds})
        return rounds

    def not_run(self, what: str, reason: str) -> None:
        self.data["not_run"].append({"part": self.part, "what": what, "reason": reason})
        print(f"  {what}: not run: {reason}", flush=True)
        self.save()

    def save(self) -> None:
        self.data["minutes"] = (time.monotonic() - self.begun) / 60
        self.file.parent.mkdir(parents=True, exist_ok=True)
        whole = self.file.with_suffix(".part")
        whole.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        whole.replace(self.file)


def in_short(error: Exception) -> str:
    """What went wrong in one line: the first one of its message and, of a log behind it, the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " … ".join(dict.fromkeys(line[:200] for line in (lines[0], lines[-1])))
