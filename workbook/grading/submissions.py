"""Where a learner's answers are: found in notebooks or in Python files, and put back to their stubs."""

import ast
import datetime
import re
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from workbook import paths
from workbook.grading.model import Exercise, Source
from workbook.lessons import notebooks
from workbook.prefect_server.local import plain_disk_errors

OF_ONE = re.compile(r"(\d+\.\d+)(?:_\w+)?\.py")  # 3.1.py or 3.1_mine.py holds the answer to 3.1


class SubmissionError(Exception):
    """The answers cannot be read or written; the message is one sentence with its remedy."""


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
        SubmissionError: there is no such folder, or a file in it cannot be read.
    """
    folder = folder or paths.ROOT / "notebooks"
    if not folder.is_dir():
        raise SubmissionError(
            f"There is no folder {folder}: name one with `--from`, or restore it with `make notebooks`."
        )
    found: dict[str, Found] = {}
    for file in sorted(folder.iterdir()):
        try:
            if file.suffix == ".ipynb":
                texts = notebooks.answers(notebooks.read(file))
            elif named := OF_ONE.fullmatch(file.name):
                texts = {named[1]: file.read_text(encoding="utf-8")}
            elif re.fullmatch(r"\d\d_\w+\.py", file.name):
                texts = notebooks.answers(notebooks.build(file, solved=True))
            else:
                continue
        except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
            reason = str(error).splitlines()[0]
            raise SubmissionError(
                f"{file} can't be read ({reason}): save it again, or move it out of the folder."
            ) from None
        found |= {exercise: Found(text, file) for exercise, text in texts.items()}
    return found


def reset(exercise_id: str) -> Path:
    """Put an exercise's cell back to its stub.

    Returns:
        The file that keeps what the learner had written.

    Raises:
        SubmissionError: no notebook has a cell for it.
    """
    for file in sorted((paths.ROOT / "notebooks").glob("*.ipynb")):
        notebook = notebooks.read(file)
        cells = [c for c in notebook.cells if notebooks.EXERCISE + exercise_id in c.metadata.get("tags", [])]
        if cells:
            now = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S-%f")
            backup = paths.home() / "backups" / f"{exercise_id}-{now}.py"
            with plain_disk_errors():
                backup.parent.mkdir(parents=True, exist_ok=True)
                backup.write_text("\n\n".join(cell.source for cell in cells), encoding="utf-8")
            cells[0].source, cells[0].outputs, cells[0].execution_count = notebooks.stub(exercise_id), [], None
            whole = file.with_suffix(".new")
            nbformat.write(notebook, whole)
            whole.replace(file)
            return backup
    raise SubmissionError(f"No notebook has a cell for {exercise_id}: restore them with `make notebooks`.")


def unfinished(source: Source) -> bool:
    """Whether the learner's function still has the line `raise NotImplementedError(…)` that its stub came with."""
    return any(
        isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc)
        for function in ast.walk(_parsed(source.text))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name == source.entry
        for node in ast.walk(function)
    )


def untouched(exercise_id: str, source: Source) -> bool:
    """Whether an unfinished answer still has every statement of the stub: nothing of it was written yet."""
    return _statements(notebooks.stub(exercise_id)) <= _statements(source.text)


def _statements(text: str) -> set[str]:
    """Each statement at the top of a text, whatever its layout and the words of its NotImplementedError."""
    plain = (ast.unparse(statement) for statement in _parsed(text).body)
    return {re.sub(r"NotImplementedError\(.*\)", "NotImplementedError", statement) for statement in plain}


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):  # whoever runs it says what is wrong
        return ast.Module([], [])


def code_of(entry: Any) -> types.CodeType | None:
    """The code of a function, a flow or a task; None of anything else."""
    return getattr(getattr(entry, "fn", entry), "__code__", None)
