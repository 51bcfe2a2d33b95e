"""Which cell of a notebook is a slide: the rule by which the builder marks cells for nbconvert, JupyterLab and RISE.

A heading starts a slide, prose after it a slide below, and code comes up as a fragment under the prose before it. What
a speaker says is a note. What only a learner alone needs is left out: checks, hints, guesses and set-up.
"""

import re

from nbformat import NotebookNode

WORDS = 75  # more than this is no slide: the speaker says it
SKIPPED = re.compile(r"check\(|# |progress_report\(|print\(guess|guess\.compare\(|from workbook import .*\bserver\b")


def slide_type(cell: NotebookNode) -> str:
    """The slide type of a cell, as nbconvert names them: slide, subslide, fragment, notes or skip."""
    if cell.cell_type == "code":
        tagged = "guess" in cell.metadata.get("tags", [])
        return "skip" if tagged or SKIPPED.match(cell.source) or not cell.source.strip() else "fragment"
    if re.match(r"##? ", cell.source):
        return "slide"
    if cell.source.startswith("<details") or len(cell.source.split()) > WORDS:
        return "notes"
    return "subslide"
