"""The report on a class: a table for the course platform, JUnit and JSON, a page for each learner, and a summary."""

import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from workbook.figures.style import Picture
from workbook.figures.tally import tally
from workbook.grading import verdict_files
from workbook.grading.handed_in import HandedIn
from workbook.grading.model import NOT_ATTEMPTED, NOT_JUDGED, NOT_YET, PASSED, Exercise, Verdict
from workbook.grading.verdict_files import plain

COLUMNS = "name,passed,total,exercises"
VALUES = ("name", "passed", "total", "percent", "attempted", "problems")
OUTCOMES = (PASSED, NOT_YET, NOT_ATTEMPTED, NOT_JUDGED)


class ColumnError(Exception):
    """There is no such column; the message is one sentence with its remedy."""


@dataclass(frozen=True)
class Graded:
    """One learner's verdicts, and by exercise id the figure of its run: its file, and its text equivalent."""

    handed_in: HandedIn
    verdicts: list[tuple[Exercise, Verdict]]
    figures: dict[str, tuple[Path, str]]

    def count(self, outcome: str) -> int:
        return sum(verdict.outcome == outcome for _, verdict in self.verdicts)


def columns_of(text: str, exercises: Iterable[Exercise]) -> list[tuple[str, str]]:
    """The columns of the table, each with its heading and its value.

    Args:
        text: names of values with commas between them, each with another heading before it if wanted, as
            "Student=name,passed,3.1"; empty for the usual ones. `exercises` is a column of points for each exercise.

    Raises:
        ColumnError: there is no such value.
    """
    ids = [exercise.id for exercise in exercises]
    found = []
    for part in (text or COLUMNS).split(","):
        heading, _, value = part.strip().rpartition("=")
        if value == "exercises":
            found += [(exercise_id, exercise_id) for exercise_id in ids]
        elif value in VALUES or value in ids:
            found.append((heading or value, value))
        else:
            names = ", ".join((*VALUES, "exercises"))
            raise ColumnError(f"--columns must name {names}, or an exercise that is graded (got {value!r}).")
    return found


def write(
    out: Path, graded: list[Graded], columns: list[tuple[str, str]], beside: Iterable[str] = (), counts: str = ""
) -> None:
    """Write the whole report.

    Args:
        out: its folder.
        graded: the learners, in order.
        columns: of grades.csv, as `columns_of` returns them.
        beside: names of files that are no submissions.
        counts: a sentence on how many answers there were.
    """
    table = [[heading for heading, _ in columns], *([_value(one, key) for _, key in columns] for one in graded)]
    verdict_files.write_csv(out / "grades.csv", table)
    suites = ElementTree.Element("testsuites")
    suites.extend(verdict_files.suite(one.handed_in.name, one.verdicts) for one in graded)
    verdict_files.write_xml(out / "junit.xml", suites)
    whole = [
        {"name": one.handed_in.name, "passed": one.count(PASSED), "total": len(one.verdicts)}
        | {"problems": one.handed_in.problems, "verdicts": verdict_files.rows(one.verdicts)}
        for one in graded
    ]
    verdict_files.write_json(out / "verdicts.json", whole)
    for one in graded:
        _write_learner(out / "learners" / one.handed_in.name, one)
    picture = _picture(graded)
    picture.save(out / "summary.png")
    (out / "summary.md").write_text(_summary(graded, picture, beside, counts), encoding="utf-8", errors="replace")


def _value(one: Graded, key: str) -> Any:
    passed, total = one.count(PASSED), len(one.verdicts)
    values = {
        "name": one.handed_in.name, "passed": passed, "total": total, "percent": round(100 * passed / total, 1),
        "attempted": total - one.count(NOT_ATTEMPTED), "problems": " ".join(one.handed_in.problems),
    }  # fmt: skip
    points = {e.id: "" if v.outcome == NOT_JUDGED else int(v.passed) for e, v in one.verdicts}
    value = (values | points)[key]
    # A spreadsheet would take it for a formula: https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _write_learner(folder: Path, one: Graded) -> None:
    """A page with its figures beside it, so that the folder can be given back as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("*.png"):
        earlier.unlink()
    shown = {}
    for exercise_id, (file, alt) in one.figures.items():
        shutil.copyfile(file, folder / f"{exercise_id}.png")
        shown[exercise_id] = f"![{plain(alt)}]({exercise_id}.png)"
    text = verdict_files.report(one.handed_in.name, one.verdicts, one.handed_in.problems, shown)
    (folder / "report.md").write_text(text, encoding="utf-8", errors="replace")


# ----------------------------------------
# The summary


def _by_exercise(graded: list[Graded]) -> dict[Exercise, dict[str, int]]:
    """By exercise, how many learners have each outcome; "not judged" is left out if nobody has it."""
    verdicts = [one for learner in graded for one in learner.verdicts]
    counted = Counter((exercise.id, verdict.outcome) for exercise, verdict in verdicts)
    outcomes = [o for o in OUTCOMES if o != NOT_JUDGED or any(verdict.outcome == o for _, verdict in verdicts)]
    return {exercise: {o: counted[exercise.id, o] for o in outcomes} for exercise, _ in graded[0].verdicts}


def _picture(graded: list[Graded]) -> Picture:
    counts = _by_exercise(graded)
    hardest = max(counts, key=lambda exercise: counts[exercise][NOT_YET])
    most = counts[hardest][NOT_YET]
    title = f"{hardest.id} is most often not right yet: {most} of {len(graded)} learners"
    rows = {f"{exercise.id} {exercise.title}": row for exercise, row in counts.items()}
    return tally(rows, title if most else "No answer is wrong", "learners")


def _summary(graded: list[Graded], picture: Picture, beside: Iterable[str], counts: str) -> str:
    lines = ["# The class", "", counts, "Answers with the same text were judged once and share the verdict. An "
             "untouched exercise is not attempted, without a run.", ""]  # fmt: skip
    lines += [f"![{plain(picture.alt)}](summary.png)", ""]
    lines += _table("Learners", ("Learner", *OUTCOMES[:3], "Problems"), (
        (f"[{plain(one.handed_in.name)}](learners/{quote(one.handed_in.name)}/report.md)",
         *(one.count(outcome) for outcome in OUTCOMES[:3]), len(one.handed_in.problems) or "") for one in graded
    ))  # fmt: skip
    by_exercise = _by_exercise(graded)
    outcomes = list(next(iter(by_exercise.values())))
    lines += _table("Exercises", ("Exercise", *outcomes), (
        (f"{exercise.id} {plain(exercise.title)}", *row.values()) for exercise, row in by_exercise.items()
    ))  # fmt: skip
    lines += _table("Mistakes", ("Exercise", "How often", "Mistake", "Whose"), (
        (exercise, len(names), plain(message), plain(_few(names))) for exercise, message, names in mistakes(graded)
    ))  # fmt: skip
    same = [f"- {plain(', '.join(names))}: the same {number} answers, character for character." if number > 1 else
            f"- {plain(', '.join(names))}: the same single answer, character for character."
            for names, number in identical(graded)]  # fmt: skip
    problems = [
        f"- {plain(one.handed_in.name)}: {plain(problem)}" for one in graded for problem in one.handed_in.problems
    ]
    problems += [f"- {plain(name)} is neither a folder nor a zip: it was not read." for name in beside]
    for heading, found in (("Identical submissions", same), ("What could not be used", problems)):
        lines += [f"## {heading}", "", *(found or ["None."]), ""]
    return "\n".join(lines)


def _table(heading: str, head: tuple[str, ...], rows: Iterable[tuple]) -> list[str]:
    cells = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    rule = "|" + "---|" * len(head)
    named = "| " + " | ".join(word[:1].upper() + word[1:] for word in head) + " |"
    return [f"## {heading}", "", *([named, rule, *cells] if cells else ["None."]), ""]


def mistakes(graded: list[Graded]) -> list[tuple[str, str, list[str]]]:
    """The exercise, the message and who drew it, most frequent first.

    Messages that differ only in numbers, and in what stands between quotation marks, are one; the first one is shown.
    """
    found: dict[tuple[str, str], tuple[str, list[str]]] = defaultdict(lambda: ("", []))
    for one in graded:
        for exercise, verdict in one.verdicts:
            if verdict.outcome == NOT_YET:
                kind = re.sub(r"'[^']*'|\d[\d.,: -]*", "…", verdict.message)
                first, names = found[exercise.id, kind]
                found[exercise.id, kind] = (first or verdict.message, [*names, one.handed_in.name])
    order = sorted(found.items(), key=lambda item: -len(item[1][1]))
    return [(exercise, first, names) for (exercise, _), (first, names) in order]


def identical(graded: list[Graded]) -> list[tuple[list[str], int]]:
    """Learners whose attempted answers have all the same text, and how many answers that are."""
    found: dict[tuple, list[str]] = defaultdict(list)
    for one in graded:
        attempted = [e.id for e, verdict in one.verdicts if verdict.outcome != NOT_ATTEMPTED]
        if attempted:
            texts = tuple((exercise_id, one.handed_in.found[exercise_id].text) for exercise_id in attempted)
            found[texts].append(one.handed_in.name)
    return [(names, len(texts)) for texts, names in found.items() if len(names) > 1]


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 6 else f"{', '.join(names[:4])} and {len(names) - 4} more"
