"""Where a learner's answers are: found in notebooks or in Python files, and put back to their stubs."""

import datetime
import re
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from workbook import lessons, server
from workbook.exercises import Exercise

OF_ONE = re.compile(r"(\d+\.\d+)(?:_\w+)?\.py")  # 3.1.py or 3.1_mine.py holds the answer to 3.1


class AnswersError(Exception):
    """The answers cannot be read or written; the message is one sentence with its remedy."""


@dataclass(frozen=True)
class Source:
    """An answer: its text, or the function itself as a notebook has it.

    Args:
        entry: the name of the function that the learner writes.
        text: Python source that defines it.
        pickled: the function, by cloudpickle, if there is no text.
        name: what the learner knows the text as, for messages.
    """

    entry: str
    text: str = ""
    pickled: bytes = b""
    name: str = "your answer"
    untouched: bool = False  # of a pickled one: it still raises NotImplementedError


@dataclass(frozen=True)
class Found:
    """The text of an answer, and the file that it is in."""

    text: str
    file: Path

    def source(self, exercise: Exercise) -> Source:
        return Source(exercise.entry, self.text, name=self.file.name)


def collect(folder: Path | None = None) -> dict[str, Found]:
    """Every answer in a folder, by exercise id.

    Args:
        folder: with notebooks, with percent files like those in solutions/, or with a file per exercise named
            3.1.py or 3.1_anything.py; by default the checkout's notebooks/.

    Raises:
        AnswersError: there is no such folder, or a file in it cannot be read.
    """
    folder = folder or server.ROOT / "notebooks"
    if not folder.is_dir():
        raise AnswersError(f"There is no folder {folder}: name one with `--from`, or restore it with `make notebooks`.")
    found: dict[str, Found] = {}
    for file in sorted(folder.iterdir()):
        try:
            if file.suffix == ".ipynb":
                texts = lessons.answers(lessons.read(file))
            elif named := OF_ONE.fullmatch(file.name):
                texts = {named[1]: file.read_text()}
            elif re.fullmatch(r"\d\d_\w+\.py", file.name):
                texts = lessons.answers(lessons.build(file, solved=True))
            else:
                continue
        except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
            reason = str(error).splitlines()[0]
            raise AnswersError(f"{file} cannot be read ({reason}): save it again, or take it away.") from None
        found |= {exercise: Found(text, file) for exercise, text in texts.items()}
    return found


def reset(exercise_id: str) -> Path:
    """Put an exercise's cell back to its stub.

    Returns:
        The file that keeps what the learner had written.

    Raises:
        AnswersError: no notebook has a cell for it.
    """
    for file in sorted((server.ROOT / "notebooks").glob("*.ipynb")):
        notebook = lessons.read(file)
        cells = [c for c in notebook.cells if lessons.EXERCISE + exercise_id in c.metadata.get("tags", [])]
        if cells:
            now = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
            backup = server.home() / "backups" / f"{exercise_id}-{now}.py"
            backup.parent.mkdir(parents=True, exist_ok=True)
            backup.write_text("\n\n".join(cell.source for cell in cells))
            cells[0].source, cells[0].outputs, cells[0].execution_count = lessons.stub(exercise_id), [], None
            whole = file.with_suffix(".new")
            nbformat.write(notebook, whole)
            whole.replace(file)
            return backup
    raise AnswersError(f"No notebook has a cell for {exercise_id}: restore them with `make notebooks`.")


def untouched(source: Source) -> bool:
    """Whether the answer still raises the NotImplementedError that stands where the learner is to write."""
    if source.pickled:
        return source.untouched
    try:
        codes = [compile(source.text, "answer", "exec")]
    except (SyntaxError, ValueError):
        return False
    while codes:
        code = codes.pop()
        if code.co_name == source.entry and "NotImplementedError" in code.co_names:
            return True
        codes += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return False


def code_of(entry: Any) -> types.CodeType | None:
    """The code of a function, a flow or a task; None of anything else."""
    return getattr(getattr(entry, "fn", entry), "__code__", None)
