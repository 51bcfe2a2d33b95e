"""The demonstration page: five cells, one line of code changes, and the pictures show what the speaker says."""

import ast
import difflib

import pytest
from nbclient import NotebookClient

from conftest import CHECKOUT
from workbook.lessons import notebooks

PAGES = notebooks.pages()
(SOURCE,) = (page for page in PAGES if page.stem == "demonstration")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_built_page_matches_its_source(page):
    on_disk, built = notebooks.read(notebooks.learner_notebook(page)), notebooks.build(page, solved=False)
    assert [(cell.id, cell.source) for cell in on_disk.cells] == [(cell.id, cell.source) for cell in built.cells]
    assert not any(cell.get("outputs") for cell in on_disk.cells), "run `make notebooks`"


def test_it_has_five_cells_and_changes_one_line():
    cells = [cell.source for cell in notebooks.build(SOURCE, solved=False).cells if cell.cell_type == "code"]
    assert len(cells) == 5 and all(len(cell.splitlines()) <= 20 for cell in cells) and cells[0].count("=...") == 2
    first, second = (cell[cell.index("@task") :].split("\n\n\n")[0].splitlines() for cell in (cells[1], cells[3]))
    changes = [line for line in difflib.ndiff(first, second) if line[0] in "+-"]
    assert len(changes) == 2 and 'tags=["database"]' in changes[1]


@pytest.mark.slow
def test_its_three_runs_are_as_the_speaker_says(prefect_server):
    """As shipped, without a guess, in a real kernel."""
    notebook = notebooks.read(notebooks.learner_notebook(SOURCE))
    facts = "[run.timeline.peak for run in runs.values()], len({str(run.result) for run in runs.values()})"
    notebook.cells.append(notebooks.NotebookNode(cell_type="code", source=facts, metadata={}, outputs=[]))
    NotebookClient(notebook, timeout=None, resources={"metadata": {"path": CHECKOUT / "notebooks"}}).execute()
    (one, many, three), results = ast.literal_eval(notebook.cells[-1].outputs[0].data["text/plain"])
    assert one == 1 and many > 3 and three <= 3 and results == 1
    pictures = [out.data["text/html"] for out in notebook.cells[-2].outputs]
    assert len(pictures) == 1 and "three at a time" in pictures[0] and "<img alt=" in pictures[0]
