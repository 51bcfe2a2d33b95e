"""Files of verdicts: for a table, for a program, for a CI system, and to read.

Each function writes one kind of file, whose name is the function's.
"""

import csv as csv_format
import json as json_format
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from workbook.grading.model import NOT_ATTEMPTED, NOT_JUDGED, NOT_YET, PASSED, Exercise, Verdict

Graded = tuple[Exercise, Verdict]
MARKS = {PASSED: "✅", NOT_YET: "❌", NOT_ATTEMPTED: "⬜", NOT_JUDGED: "⚠️"}
KINDS = {NOT_YET: "failure", NOT_ATTEMPTED: "skipped", NOT_JUDGED: "error"}  # of JUnit


def rows(graded: Iterable[Graded], printed: bool = True) -> list[dict[str, Any]]:
    """The verdicts as plain data, with what each answer printed and logged."""
    found = [
        {"exercise": e.id, "title": e.title, "outcome": v.outcome, "message": v.message, "seconds": round(v.seconds, 2)}
        | {"printed": v.printed}
        for e, v in graded
    ]
    return found if printed else [{key: row[key] for key in row if key != "printed"} for row in found]


def json(file: Path, graded: list[Graded]) -> None:
    write_json(file, rows(graded))


def write_json(file: Path, data: Any) -> None:
    file.write_text(json_format.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")


def csv(file: Path, graded: list[Graded]) -> None:
    found = rows(graded, printed=False)
    write_csv(file, [list(found[0]), *(list(row.values()) for row in found)])


def write_csv(file: Path, table: Iterable[list[Any]]) -> None:
    with file.open("w", newline="", encoding="utf-8", errors="replace") as opened:
        csv_format.writer(opened).writerows(table)


def junit(file: Path, graded: list[Graded]) -> None:
    write_xml(file, suite("workbook", graded))


def write_xml(file: Path, root: ElementTree.Element) -> None:
    ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def suite(name: str, graded: Iterable[Graded]) -> ElementTree.Element:
    """JUnit's element for one learner."""
    found = rows(graded)
    counted = {"failures": NOT_YET, "skipped": NOT_ATTEMPTED, "errors": NOT_JUDGED}
    counts = {key: sum(row["outcome"] == outcome for row in found) for key, outcome in counted.items()}
    counts["tests"] = len(found)
    element = ElementTree.Element("testsuite", {"name": _in_xml(name), **{k: str(v) for k, v in counts.items()}})
    for row in found:
        case = ElementTree.SubElement(
            element, "testcase", classname=f"lesson {row['exercise'].partition('.')[0]}",
            name=f"{row['exercise']} {row['title']}", time=str(row["seconds"]),
        )  # fmt: skip
        if kind := KINDS.get(row["outcome"]):
            ElementTree.SubElement(case, kind, message=_in_xml(row["message"]))
        if row["printed"]:
            ElementTree.SubElement(case, "system-out").text = _in_xml(row["printed"])
    return element


def _in_xml(text: str) -> str:
    """The text without the characters that XML cannot hold, such as the escape codes of a terminal."""
    return re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)


def markdown(file: Path, graded: list[Graded]) -> None:
    """For a person, or the summary of a CI job."""
    file.write_text(report("Verdicts", graded), encoding="utf-8", errors="replace")


def report(
    title: str, graded: list[Graded], problems: Iterable[str] = (), figures: dict[str, str] | None = None
) -> str:
    """A page of Markdown: how many passed, a table, and each message.

    Args:
        title: its heading.
        graded: the verdicts.
        problems: what could not be used of what was handed in.
        figures: by exercise id, the Markdown of a figure to show below its message.
    """
    passed = sum(verdict.passed for _, verdict in graded)
    lines = [f"# {plain(title)}", "", f"{passed} of {len(graded)} passed.", ""]
    lines += [f"- ⚠️ {plain(problem)}" for problem in problems]
    lines += ["", "| | Exercise | Verdict |", "|---|---|---|"]
    lines += [f"| {MARKS[v.outcome]} | {e.id} {plain(e.title)} | {v.outcome} |" for e, v in graded]
    for exercise, verdict in graded:
        if verdict.outcome != NOT_ATTEMPTED:
            lines += ["", f"## {MARKS[verdict.outcome]} {exercise.id} {plain(exercise.title)}: {verdict.outcome}", ""]
            lines += [f"{plain(line)}  " for line in verdict.message.splitlines()]
            if verdict.outcome == NOT_YET:
                lines += ["", f"Stuck? Run `workbook hint {exercise.id}`."]
            if figure := (figures or {}).get(exercise.id):
                lines += ["", figure]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """One line of text as Markdown that shows it as it is; only code between backticks stays code."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    parts[::2] = [re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [part.replace("|", "\\|") for part in parts[1::2]]
    return "".join(parts)
