"""The site that `make docs` builds: no link is broken, nothing comes from elsewhere, and everybody can read it."""

import functools
import html.parser
import http.server
import os
import re
import shutil
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import workbook
from conftest import CHECKOUT, make, without_chromium

pytestmark = pytest.mark.slow
READ = [
    "index.html",
    "solutions/03_server_side_limits.html",
    "docs/which_limit_when.html",
    "api.html",
    "search.html?q=slot",
]
WIDTHS = {"phone": 390, "desktop": 1280}


@pytest.fixture(scope="module")
def site() -> Path:
    """What `make docs` writes; it fails on a warning."""
    make("docs")
    return CHECKOUT / "build" / "site"


class Links(html.parser.HTMLParser):
    """The links of a page, and the places in it that a link may lead to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links, self.places = set(), set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places |= {found.get("id"), found.get("name")}
        self.links |= {found.get("href"), found.get("src")} - {None}


def test_every_internal_link_leads_somewhere(site):
    pages = {page: Links(page) for page in site.rglob("*.html")}
    broken = []
    for page, parsed in pages.items():
        for link in parsed.links:
            parts = urlsplit(urljoin(page.as_uri(), link))
            if parts.scheme != "file":
                continue
            target = Path(unquote(parts.path))
            target = target / "index.html" if target.is_dir() else target
            there = target.exists() and target.is_relative_to(site)
            if not there or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places
            ):
                broken.append(f"{page.relative_to(site)}: {link}")
    assert len(pages) > 25 and broken == []


def test_it_has_every_lesson_guide_and_function(site):
    wanted = [f"docs/{guide.stem}" for guide in (CHECKOUT / "docs").glob("*.md")]
    wanted += [f"solutions/{lesson.stem}" for lesson in (CHECKOUT / "solutions").glob("[0-9]*.py")]
    assert [name for name in wanted if not (site / f"{name}.html").exists()] == []
    text = (site / "api.html").read_text()
    assert set(workbook.__all__) - {"server"} <= set(re.findall(r'id="workbook(?:\.\w+)*\.(\w+)"', text))
    assert 'class="workbook-figure"' in (site / "solutions" / "02_parallel.html").read_text()


@pytest.fixture(scope="module")
def served(site):
    """The site as a web server gives it: its search needs one."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    handler.func.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", READ)
def test_a_page_fits_a_phone_and_is_accessible(served, offline, name, width):
    offline.set_viewport_size({"width": WIDTHS[width], "height": 850})
    offline.goto(served + name)
    if name.startswith("search"):
        offline.locator("#search-results li").first.wait_for()
    shots = Path(os.environ.get("SCREENSHOTS") or os.environ["WORKBOOK_DATA"]) / "site"
    shots.mkdir(parents=True, exist_ok=True)
    offline.screenshot(path=shots / f"{Path(name).stem}-{width}.png")
    assert offline.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width]
    assert offline.locator("img:not([alt])").count() == 0
    if not shutil.which("npm"):
        pytest.skip("no npm here, and axe-core comes from it: https://nodejs.org")
    make("build/web/.installed")
    offline.add_script_tag(path=CHECKOUT / "build" / "web" / "node_modules" / "axe-core" / "axe.min.js")
    found = offline.evaluate("axe.run().then(result => result.violations)")
    harm = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
    assert harm == []
