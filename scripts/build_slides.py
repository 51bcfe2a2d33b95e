"""Render the solved notebooks as slides into build/slides: one page each, which needs no network and no other file.

What is a slide, a note or left out stands in the notebooks (workbook/lessons/slides.py). Here a slide that would be
taller than a projector's 720 pixels is split: each picture and each long output gets its own slide.
"""

import re
import sys

import _start  # noqa: F401
import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode

from workbook import paths
from workbook.lessons import notebooks

WEB = paths.ROOT / "scripts" / "web"
REVEAL = paths.ROOT / "build" / "web" / "node_modules" / "reveal.js"
SLIDES = paths.ROOT / "build" / "slides"
TALL = 620  # pixels of a slide between its paddings
PROSE, CODE, GAP = 42, 30, 24  # pixels: a line of each, and what is around a cell
WIDE = 78  # characters of a line of prose


def main() -> None:
    SLIDES.mkdir(parents=True, exist_ok=True)
    parts = {file: (REVEAL / file).read_text(encoding="utf-8") for file in (
        "dist/reveal.css", "dist/theme/white-contrast.css", "dist/reveal.js", "plugin/notes/notes.js")}  # fmt: skip
    parts["dist/theme/white-contrast.css"] = re.sub(
        "@import [^;]*;", "", parts["dist/theme/white-contrast.css"]
    )  # fonts
    parts |= {file.name: file.read_text(encoding="utf-8") for file in (WEB / "slides").glob("slides.*")}
    exporter = SlidesExporter(template_name="slides", extra_template_basedirs=[str(WEB)])
    for source in notebooks.sources():
        notebook = notebooks.read(source.with_suffix(".ipynb"))
        if not any("slideshow" in cell.metadata for cell in notebook.cells):
            sys.exit(f"Error: {source.stem}.ipynb doesn't say what is a slide: build it with `make notebooks`.")
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        notebook.cells = split(notebook.cells)
        page, _ = exporter.from_notebook_node(notebook, {"title": title, "parts": parts})
        file = SLIDES / f"{source.stem}.html"
        file.write_text(page, encoding="utf-8")
        print(f"Wrote {file.relative_to(paths.ROOT)}", flush=True)


def split(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells of a presentation, so that those of one slide fit on it."""
    kept, used = [], 0
    for cell in cells:
        kind = cell.metadata.slideshow.slide_type
        if kind == "skip":
            continue
        parts = _at_headings(cell) if cell.cell_type == "markdown" else [cell]
        if cell.cell_type == "code" and (_is_picture(cell) or _height(cell) + GAP > TALL):
            shown = nbformat.from_dict(cell | {"id": f"{cell.id}-output"})
            shown.metadata = nbformat.from_dict(
                {"slideshow": {"slide_type": "subslide"}, "transient": {"remove_source": True}}
            )
            shown.source, cell.outputs = "", []
            parts.append(shown)
        for part in parts:
            kind = part.metadata.slideshow.slide_type
            if kind != "notes":
                used += _height(part)
                if kind == "fragment" and used > TALL:
                    kind = part.metadata.slideshow.slide_type = "subslide"
                if kind in ("slide", "subslide"):
                    used = TALL if _is_picture(part) else _height(part)
            kept.append(part)
    return kept


def _at_headings(cell: NotebookNode) -> list[NotebookNode]:
    """A cell of prose as one cell for each of its headings."""
    first, *others = re.split(r"\n(?=#{2,3} )", cell.source)
    cell.source = first
    return [cell] + [
        nbformat.from_dict(cell | {"id": f"{cell.id}-{place}", "source": text, "metadata": {
            "slideshow": {"slide_type": "subslide"}}}) for place, text in enumerate(others, 1)]  # fmt: skip


def _is_picture(cell: NotebookNode) -> bool:
    return any("<img" in output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))


def _height(cell: NotebookNode) -> int:
    """About how many pixels a cell takes on a slide."""
    lines = cell.source.splitlines()
    if cell.cell_type == "markdown":
        text = cell.source.split("\n\n")
        return GAP * len(text) + PROSE * sum(-(-len(paragraph) // WIDE) for paragraph in text)
    for output in cell.outputs:
        lines += (output.get("text") or output.get("data", {}).get("text/plain", "")).splitlines()
    return GAP * (1 + len(cell.outputs)) + CODE * len(lines)


if __name__ == "__main__":
    main()
