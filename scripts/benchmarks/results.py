"""The raw results: one JSON file, written anew after every round, so that an interrupted run keeps what it has."""

import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from benchmarks.surroundings import machine, versions

PARTS = {
    "patterns": "the patterns against the ideal",
    "alternatives": "the alternatives side by side",
    "handover": "the hand-over of a slot",
    "workbook": "the workbook itself",
    "graders": "other graders",
}


class Results:
    """What was measured so far, and what was not and why."""

    def __init__(self, file: Path, quick: bool, parts: Collection[str] = PARTS) -> None:
        """Begin anew with these parts; the others are taken over from the file, if it is there."""
        self.file, self.begun, self.part = file, 0.0, ""
        self.data: dict[str, Any] = {"versions": versions(), "quick": quick, "machines": {}}
        self.data |= {"not_run": []} | {part: [] for part in PARTS}
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        for part in [part for part in PARTS if part not in parts]:
            if before is None:
                self.data["not_run"].append({"part": part, "what": PARTS[part], "reason": "not asked for"})
                continue
            self.data[part] = before.get(part, [])
            self.data["versions"] = before["versions"] | self.data["versions"]
            self.data["machines"] |= {one: where for one, where in before["machines"].items() if one == part}
            self.data["not_run"] += [one for one in before["not_run"] if one["part"] == part]

    def begin(self, part: str) -> None:
        """Note on what a part is measured, and how busy that is as it begins."""
        self.part, self.begun = part, time.monotonic()
        self.data["machines"][part] = machine()
        print(f"{part}: load average {self.data['machines'][part]['load']:.1f}", flush=True)

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
        self.data["machines"][self.part]["minutes"] = (time.monotonic() - self.begun) / 60
        self.file.parent.mkdir(parents=True, exist_ok=True)
        whole = self.file.with_suffix(".part")
        whole.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        whole.replace(self.file)


def in_short(error: Exception) -> str:
    """What went wrong in one line: the first one of its message and, of a log behind it, the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " … ".join(dict.fromkeys(line[:200] for line in (lines[0], lines[-1])))
