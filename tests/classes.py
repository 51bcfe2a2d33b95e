"""A class to grade: `python -m tests.classes DIR 30` makes so many submissions out of the answers in tests/answers/."""

import io
import random
import sys
import zipfile
from pathlib import Path

import nbformat
from nbconvert import PythonExporter
from nbformat import NotebookNode

from workbook.lessons import notebooks

ANSWERS = Path(__file__).parent / "answers"
SOURCES = {source.stem: source for source in notebooks.sources()}


def lesson(stem: str, **answers: str) -> NotebookNode:
    """A learner's notebook, with these answers in it by exercise id, as `**{"1.1": text}`."""
    notebook = notebooks.read(notebooks.learner_notebook(SOURCES[stem]))
    for cell in notebook.cells:
        for exercise_id, text in answers.items():
            if notebooks.EXERCISE + exercise_id in cell.metadata.get("tags", []):
                cell.source = text
    return notebook


def as_file(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook)


def exported(notebook: NotebookNode) -> str:
    """As JupyterLab's "Save and Export Notebook As" makes a Python file of it: without any tags."""
    return PythonExporter().from_notebook_node(notebook)[0]


def zipped(files: dict[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return made.getvalue()


def answer(exercise_id: str, name: str) -> str:
    return (ANSWERS / exercise_id / f"{name}.py").read_text()


def put(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def make(folder: Path, size: int, seed: int = 1) -> None:
    """So many submissions with all exercises: folders, zips, exports; one in ten is damaged in some way."""
    rng = random.Random(seed)
    solutions = {stem: notebooks.answers(notebooks.build(source, solved=True)) for stem, source in SOURCES.items()}
    for number in range(size):
        files: dict[str, str | bytes] = {}
        for stem, solved in solutions.items():
            given = {exercise_id: _given(rng, exercise_id, text) for exercise_id, text in solved.items()}
            notebook = lesson(stem, **{exercise_id: text for exercise_id, text in given.items() if text})
            if number % 6 == 5:
                files[f"{stem}.py"] = exported(notebook)
            else:
                files[f"{stem}{'-Copy1' if rng.random() < 0.05 else ''}.ipynb"] = as_file(notebook)
        if number % 10 == 9:
            spoiled = rng.sample(sorted(files), 3)
            files |= dict(zip(spoiled, ("", "<!DOCTYPE html><html>", '{"cells": ['), strict=True))
        if number % 3 == 1:
            put(folder, {f"learner-{number:02d}.zip": zipped(files)})
        else:
            put(folder / f"learner-{number:02d}", files)


def _given(rng: random.Random, exercise_id: str, solution: str) -> str:
    """An answer as a class has them: right as the lesson has it, right or wrong in its own way, or none."""
    kind = rng.choices(("solution", "right", "wrong", "none"), (35, 20, 30, 15))[0]
    if kind in ("right", "wrong"):
        return rng.choice(sorted((ANSWERS / exercise_id).glob(f"{kind}_*.py"))).read_text()
    return solution if kind == "solution" else ""


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
