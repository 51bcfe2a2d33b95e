"""A learner's answers as text: put back to their stubs, and known as such."""

import ast
import datetime
import functools
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


class SubmissionError(Exception):
    """The answers cannot be read or written; the message is one sentence with its remedy."""


@dataclass(frozen=True)
class Found:
    """The text of an answer, and the file that it is in."""

    text: str
    file: Path

    def source(self, exercise: Exercise) -> Source:
        return Source(exercise.entry, self.text, name=self.file.name)


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
        for function in ast.walk(notebooks.parsed(source.text))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name == source.entry
        for node in ast.walk(function)
    )


def untouched(exercise_id: str, source: Source) -> bool:
    """Whether an unfinished answer still has every statement of the stub: nothing of it was written yet."""
    return _of_stub(exercise_id) <= statements(source.text)


@functools.cache
def _of_stub(exercise_id: str) -> set[str]:
    return statements(notebooks.stub(exercise_id))


def statements(text: str) -> set[str]:
    """Each statement at the top of a text, whatever its layout and the words of its NotImplementedError."""
    plain = (ast.unparse(statement) for statement in notebooks.parsed(text).body)
    return {re.sub(r"NotImplementedError\(.*\)", "NotImplementedError", statement) for statement in plain}


def code_of(entry: Any) -> types.CodeType | None:
    """The code of a function, a flow or a task; None of anything else."""
    return getattr(getattr(entry, "fn", entry), "__code__", None)
