"""What a learner handed in, a folder or a zip, and the answers in it, whatever state its files are in.

A file that can't be used is named as a problem, with the reason, and never keeps the others from being read.
"""

import functools
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from workbook import paths
from workbook.grading.handed_in_files import files_of
from workbook.grading.model import Source
from workbook.grading.submissions import Found, SubmissionError, statements, unfinished, untouched
from workbook.lessons import notebooks

OF_ONE = re.compile(r"(\d+\.\d+)(?:_\w+)?\.py")  # 3.1.py or 3.1_mine.py holds the answer to 3.1
EXPORTED = re.compile(r"^# In\[[ \d]*\]:$", re.MULTILINE)  # what "Save as executable script" writes above a cell
CHECK = re.compile(r"""^\s*check\(\s*["']?(\d+\.\d+)["']?\s*,\s*(\w+)""", re.MULTILINE)
OWN_STUB = re.compile(rf"^ *{notebooks.STUB}\n(?: *#.*\n)*?(?= *{notebooks.END})", re.MULTILINE)


class Damaged(Exception):
    """A file can't be used; the message is the reason, to follow the file's name."""


@dataclass(frozen=True)
class HandedIn:
    """The answers of one learner, by exercise id, what could not be used, in sentences, and if a file is damaged."""

    name: str
    found: dict[str, Found]
    problems: tuple[str, ...] = ()
    damaged: bool = False


def read(place: Path) -> HandedIn:
    """Read a folder, with all folders in it, or a zip.

    Of several files with an answer to one exercise, that counts which has the lesson's own name; but an answer that
    was attempted comes before a stub.

    Args:
        place: it has notebooks, notebooks exported as Python files, or a file per exercise named 3.1.py or
            3.1_anything.py.
    """
    problems: list[str] = []
    damaged = False
    candidates: dict[str, list[Found]] = {}
    for name, data in files_of(place, problems):
        try:
            answers = _answers(name, data)
        except Damaged as error:
            problems.append(f"{name} {error}")
            damaged = True
            continue
        for exercise_id, text in answers.items():
            candidates.setdefault(exercise_id, []).append(Found(text, Path(name)))
    found = {exercise_id: _chosen(exercise_id, several, problems) for exercise_id, several in candidates.items()}
    problems += _deleted(found)
    if not found:
        problems.insert(
            0, "Nothing to grade was found: no notebook of the workbook's, no Python file exported from one."
        )
    return HandedIn(place.stem if place.is_file() else place.name, found, tuple(problems), damaged)


def collect(place: Path | None = None, timeout: float = 2) -> HandedIn:
    """Read one submission, which must have an answer.

    Args:
        place: a folder or a zip; by default the checkout's notebooks/.
        timeout: seconds for which a damaged file may become one that can be used. Jupyter saves in place: for a
            moment the file is empty, or a part of itself.

    Raises:
        SubmissionError: it isn't there, or there is nothing to grade in it.
    """
    place = place or paths.ROOT / "notebooks"
    if not place.exists():
        raise SubmissionError(
            f"There is no folder {place}: name one with `--from`, or restore it with `make notebooks`."
        )
    until = time.monotonic() + timeout
    while ((handed_in := read(place)).damaged or not handed_in.found) and time.monotonic() < until:
        time.sleep(0.05)  # between two looks
    if not handed_in.found:
        raise SubmissionError(f"{place} can't be graded. {' '.join(handed_in.problems)}")
    return handed_in


# ----------------------------------------
# Answers


def _answers(name: str, data: bytes) -> dict[str, str]:
    file = PurePosixPath(name)
    if not data.strip():
        raise Damaged("is empty.")
    if file.suffix.lower() == ".ipynb":
        return _with_exercises(file, notebooks.answers(_tagged(_notebook(data))))
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Damaged("isn't UTF-8 text: save it again.") from None
    if named := OF_ONE.fullmatch(file.name):
        return {named[1]: text}
    return _with_exercises(file, notebooks.answers(_tagged(_exported(text))))


def _with_exercises(file: PurePosixPath, found: dict[str, str]) -> dict[str, str]:
    if not found and re.match(r"\d\d_\w", file.name):
        raise Damaged("has no exercise in it: hand in the whole notebook.")
    return found


def _notebook(data: bytes) -> NotebookNode:
    """The notebook that a file holds, without outputs."""
    try:
        text = data.decode("utf-8-sig")
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        if re.match(rb"\s*<(!doctype|html|\?xml|head)", data[:200], re.IGNORECASE):
            raise Damaged("is a web page, not a notebook: download the notebook itself.") from None
        reason = (
            f"{error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
        )
        raise Damaged(f"isn't JSON ({reason}), so it's no notebook: save it again.") from None
    try:
        if not isinstance(raw["nbformat"], int):
            raise ValueError("'nbformat' is no number")
        for cell in [cell for sheet in raw.get("worksheets", [raw]) for cell in sheet["cells"]]:
            cell.pop("outputs", None)
            cell |= {"outputs": []} if cell["cell_type"] == "code" else {}
        notebook = nbformat.reads(json.dumps(raw), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # JSON of any shape can be in there
        reason = str(error).splitlines()[0][:80] if str(error) else ""
        raise Damaged(f"is JSON, but no notebook ({type(error).__name__}: {reason}): save it again.") from None
    return notebook


def _exported(text: str) -> NotebookNode:
    """The cells of a notebook that was exported as a Python file."""
    if EXPORTED.search(text):
        # The prose that followed a cell stands below its code, as comments.
        below = re.compile(rf"(\n(?!{notebooks.END})(#.*)?)+\Z")
        parts = [below.sub("", part).lstrip("\n") for part in EXPORTED.split(text)[1:]]
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(part) for part in parts])
    if not re.search(r"^# %%", text, re.MULTILINE):
        return nbformat.v4.new_notebook()
    import jupytext  # loads half of Jupyter's server

    return jupytext.reads(OWN_STUB.sub("", text), fmt="py:percent")


def _tagged(notebook: NotebookNode) -> NotebookNode:
    """The notebook with tags on its cells. An export has lost them: a `check` below a cell names its exercise."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    known = {tag for cell in code for tag in cell.metadata.get("tags", [])}
    lost: list[str] = []
    for place, cell in enumerate(code):
        for exercise_id, entry in CHECK.findall(cell.source):
            defines = re.compile(rf"^(?:async )?def {entry}\(|^{entry} *=", re.MULTILINE)
            above = [other for other in code[: place + 1] if defines.search(other.source)]
            if above and notebooks.EXERCISE + exercise_id not in known:
                above[-1].metadata["tags"] = [*above[-1].metadata.get("tags", []), notebooks.EXERCISE + exercise_id]
                lost.append(exercise_id)
    if lost and notebooks.SETUP not in known:
        for place, text in enumerate(_setup_of(lost[0].partition(".")[0])):
            wanted = statements(text)
            same = [cell for cell in code if wanted <= statements(cell.source)]
            cell = same[0] if same else nbformat.v4.new_code_cell(text)
            cell.metadata["tags"] = [notebooks.SETUP, *cell.metadata.get("tags", [])]
            if not same:  # the learner changed it
                notebook.cells.insert(place, cell)
    return notebook


@functools.cache
def _setup_of(lesson: str) -> tuple[str, ...]:
    """The cells of a lesson that its answers stand on."""
    built = [
        notebooks.build(source, solved=False) for source in notebooks.sources() if source.name[:2] == f"{lesson:0>2}"
    ]
    cells = [cell for notebook in built for cell in notebook.cells]
    return tuple(cell.source for cell in cells if notebooks.SETUP in cell.metadata.get("tags", []))


def _chosen(exercise_id: str, several: list[Found], problems: list[str]) -> Found:
    """Which of several answers to one exercise counts; the others are named, if they differ."""

    def rank(found: Found) -> tuple[bool, bool]:
        own_name = OF_ONE.fullmatch(found.file.name) or found.file.stem in {
            source.stem for source in notebooks.sources()
        }
        return not _stub(exercise_id, found.text), bool(own_name)

    if len(several) == 1:
        return several[0]
    *others, chosen = sorted(several, key=rank)
    lines = _lines(chosen)
    different = [found for found in others if _lines(found) != lines and not _stub(exercise_id, found.text)]
    if different:
        names = ", ".join(found.file.as_posix() for found in different)
        problems.append(f"{exercise_id} is answered more than once: {chosen.file.as_posix()} counts, not {names}.")
    return chosen


def _lines(found: Found) -> list[str]:
    """An answer's lines but the empty ones, whose number differs between a notebook and its export."""
    return [line for line in found.text.splitlines() if line.strip()]


def _stub(exercise_id: str, text: str) -> bool:
    entries = re.findall(r"def (\w+)", text)
    return any(unfinished(source := Source(entry, text)) and untouched(exercise_id, source) for entry in entries)


def _deleted(found: dict[str, Found]) -> Iterator[str]:
    """Which cells are missing in notebooks of which others are there."""
    for source in notebooks.sources():
        ids = re.findall(rf'"{notebooks.EXERCISE}(\d+\.\d+)"', source.read_text(encoding="utf-8"))
        files = {found[one].file for one in ids if one in found and not OF_ONE.fullmatch(found[one].file.name)}
        gone = [one for one in ids if one not in found]
        if files and gone:
            names = ", ".join(sorted(file.as_posix() for file in files))
            yield f"{names} has no cell for {', '.join(gone)}: the cell, or its tag, was deleted."
