"""The slides, made from the solved notebooks as they are, and looked at in a real browser the size of a projector."""

import os
import shutil
from pathlib import Path

import pytest

from conftest import CHECKOUT, make, without_chromium
from workbook.lessons import notebooks
from workbook.lessons.slides import slide_type

SMALLEST = 0.75  # a slide that is drawn smaller than this is too small to read from the last row

SLIDES = """
async () => {
    const seen = [];
    for (const slide of document.querySelectorAll(".slides section:not(.stack)")) {
        const { h, v } = Reveal.getIndices(slide);
        Reveal.slide(h, v, 99);
        await new Promise(requestAnimationFrame);
        const boxes = [...slide.querySelectorAll(":scope *:not(aside *, aside, style, details, details *)")].map(
            element => element.getBoundingClientRect()).filter(box => box.width && box.height);
        seen.push({
            name: `${h + 1}.${v + 1}`, zoom: Number(slide.style.zoom), empty: !boxes.length,
            right: Math.max(...boxes.map(box => box.right)), bottom: Math.max(...boxes.map(box => box.bottom)),
        });
    }
    return seen;
}
"""


@pytest.mark.parametrize(
    ("kind", "source", "expected"),
    [
        ("markdown", "# 02 · Parallel", "slide"),
        ("markdown", "## Map\n\nSubmits a task run for each element.", "slide"),
        ("markdown", "### Exercise 2.1 · All at once", "subslide"),
        ("markdown", "Now one thing changes.", "subslide"),
        ("markdown", "word " * 80, "notes"),
        ("markdown", "<details><summary>Why?</summary>\n\nSo.\n</details>", "notes"),
        ("code", "slow = observe(one_after_another, range(5), 0.5, live=live(prediction=guess))", "fragment"),
        ("code", 'check("2.1", all_at_once)', "skip"),
        ("code", '# hint("2.1", 1)', "skip"),
        ("code", "guess.compare(slow)", "skip"),
        ("code", "from workbook import check, server\n\nserver.ensure()", "skip"),
    ],
)
def test_the_rule(kind, source, expected):
    assert slide_type(notebooks.NotebookNode(cell_type=kind, source=source, metadata={})) == expected


@pytest.fixture(scope="module")
def slides() -> Path:
    """What `make slides` writes."""
    if not shutil.which("npm"):
        pytest.skip("no npm here, and reveal.js comes from it: https://nodejs.org")
    make("slides")
    return CHECKOUT / "build" / "slides"


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize("name", [source.stem for source in notebooks.sources()])
def test_every_slide_fits_the_projector_and_needs_no_network(slides, offline, name):
    offline.set_viewport_size({"width": 1280, "height": 720})
    errors: list[str] = []
    files: list[str] = []
    offline.on("request", lambda request: files.append(request.url) if request.url.startswith("file:") else None)
    offline.on("pageerror", lambda error: errors.append(str(error)))
    offline.goto((slides / f"{name}.html").as_uri())
    offline.wait_for_function("Reveal.isReady()")
    seen = offline.evaluate(SLIDES)
    shots = Path(os.environ.get("SCREENSHOTS") or os.environ["WORKBOOK_DATA"]) / "slides"
    shots.mkdir(parents=True, exist_ok=True)
    for number, slide in enumerate(seen[:6]):
        offline.evaluate("name => Reveal.slide(...name.split('.').map(part => part - 1), 99)", slide["name"])
        offline.screenshot(path=shots / f"{name}-{number}.png")
    assert not errors and len(files) == 1 and len(seen) > 8
    assert [slide for slide in seen if slide["empty"]] == []
    assert [slide for slide in seen if slide["right"] > 1280 or slide["bottom"] > 720] == [], "some overflow"
    assert [slide for slide in seen if slide["zoom"] < SMALLEST] == [], "some are too small to read"
