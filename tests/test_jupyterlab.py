"""Notebooks in a real JupyterLab, in a real browser, from the menu, as a learner runs them.

Skipped where there is no Chromium: `apt-get install chromium`, or set CHROMIUM to another one's path. The screenshots
are kept in `data/screenshots/` of the session, or where SCREENSHOTS names a folder.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from conftest import CHECKOUT
from tests.production import wait_for
from workbook import lessons
from workbook.limits import ensure_limit, read_limit

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.usefixtures("prefect_server"), pytest.mark.timeout(400)]
without_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
ADDRESS = r"http://127\.0\.0\.1:\d+/lab"
MINUTES = 60_000  # milliseconds of one


@pytest.fixture(scope="module")
def lab(tmp_path_factory, prefect_server) -> Iterator[tuple[str, Path]]:
    """A JupyterLab of its own on a copy of the notebooks: its address, and the folder."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(CHECKOUT / "notebooks", folder / "notebooks")
    own = {
        name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={folder / 'notebooks'}",
    ]  # fmt: skip
    with (folder / "lab.log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own)
    try:
        said = (folder / "lab.log").read_text
        wait_for(lambda: re.search(ADDRESS, said()) or running.poll() is not None, 90, said)
        (address, *_) = re.findall(ADDRESS, said())
        wait_for(lambda: opens(address), 60, said)  # it names its address before it answers there
        yield address, folder / "notebooks"
    finally:
        running.terminate()
        running.wait(30)


def opens(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30) as page:
        return page.status == 200
    return False


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*quiet, "--disable-sync", "--no-first-run"])
        yield opened
        opened.close()


def run_all(lab: tuple[str, Path], browser, name: str, shot: str) -> list[dict]:
    """Open a notebook, choose Run All Cells from the menu, wait for the end, and give its cells as they were saved."""
    address, folder = lab
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        page.goto(f"{address}/tree/{name}?reset", timeout=MINUTES)
        page.locator(".jp-Notebook-cell").first.wait_for(timeout=MINUTES)
        idle = page.get_by_text("Python 3 (ipykernel) | Idle")  # in the status bar
        idle.wait_for(timeout=2 * MINUTES)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All Cells")).first.click()
        end = time.monotonic() + 180
        while not ended(cells := lessons.read(folder / name).cells):
            assert time.monotonic() < end, f"not through in time: {shown(cells)[-500:]}"
            page.wait_for_timeout(1000)  # what is off the screen is not in the page: look at what is saved
            if idle.count():
                page.keyboard.press("Control+s")
        shots = Path(os.environ.get("SCREENSHOTS") or os.environ["WORKBOOK_DATA"])
        shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=shots / f"{shot}.png")
        assert not page.get_by_text("Jupyter news").count(), "JupyterLab asks whether to fetch news: see the Makefile"
        for place, verdict in enumerate(page.locator("text=/Passed: |Not yet: |not attempted/i").all()[:6]):
            verdict.scroll_into_view_if_needed(timeout=10_000)
            page.screenshot(path=shots / f"{shot}-{place}.png")
        return cells
    finally:
        page.close()


def ended(cells: list) -> bool:
    """Whether Run All is through: the last cell has run, or one has failed."""
    code = [cell for cell in cells if cell.cell_type == "code"]
    failed = any(out.output_type == "error" for cell in code for out in cell.outputs)
    return failed or bool(code[-1].execution_count)


def shown(cells: list) -> str:
    """All that the code cells show, as text."""
    outputs = [out for cell in cells if cell.cell_type == "code" for out in cell.outputs]
    return "\n".join(out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in outputs)


def with_answer(lab: tuple[str, Path], name: str, exercise_id: str, code: str) -> str:
    """A copy of a notebook in which one exercise is answered; its name."""
    notebook = lessons.read(CHECKOUT / "notebooks" / name)
    (cell,) = [c for c in notebook.cells if f"exercise-{exercise_id}" in c.metadata.get("tags", [])]
    cell.source = code
    copy = f"answered_{abs(hash(code))}.ipynb"
    nbformat.write(notebook, lab[1] / copy)
    return copy


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize("name", ["00_start_here.ipynb", "03_server_side_limit.ipynb"])
def test_run_all_goes_through_as_shipped(lab, browser, name):
    cells = [cell for cell in run_all(lab, browser, name, name[:2]) if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells if cell.source.strip())
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
    assert "not attempted" in shown(cells)


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
def test_a_solved_exercise(lab, browser):
    (solution,) = [
        cell.source
        for cell in lessons.build(lessons.sources()[0], solved=True).cells
        if "exercise-0.1" in cell.metadata.get("tags", [])
    ]
    name = with_answer(lab, "00_start_here.ipynb", "0.1", solution)
    assert "0.1 passed: Observed: " in shown(run_all(lab, browser, name, "solved"))


@pytest.mark.browser
@without_chromium
def test_a_wrong_answer_stops_run_all_with_its_reason(lab, browser):
    wrong = (CHECKOUT / "tests" / "answers" / "0.1" / "wrong_twice.py").read_text()
    name = with_answer(lab, "00_start_here.ipynb", "0.1", wrong)
    cells = run_all(lab, browser, name, "wrong")
    (message,) = re.findall(r"^# message: (.*)$", wrong, re.MULTILINE)
    assert re.search(rf"0\.1 not yet: .*{message}", shown(cells))
    assert ["0.1 is not right yet: the reason is above."] in [
        out.traceback for cell in cells if cell.cell_type == "code" for out in cell.outputs if "traceback" in out
    ]


BUSY = """
from prefect import flow, task
from workbook.work import ask

@task(tags=["interrupted"])
def query(index):
    return ask(index, 8)

@flow
def busy():
    return [future.result() for future in [query.submit(index) for index in range(6)]]

busy()
"""
USABLE = """
from workbook import observe, server
server.ensure()
from prefect import flow

@flow
def small():
    return "usable"

print(observe(small).result)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["interrupt", "restart"])
def test_a_kernel_stopped_in_the_middle_of_a_run_gives_its_slots_back(how):
    """An interrupted flow returns its slots at once; those of a dead kernel come free when their lease ends."""
    ensure_limit("interrupted", 3)
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        assert "Prefect server" in said(client, "from workbook import server; server.ensure()")
        running = client.execute(BUSY)
        wait_for_slots(3, 60)
        if how == "interrupt":
            manager.interrupt_kernel()
            while client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != running:
                pass
        else:
            manager.restart_kernel(now=True)
            client.wait_for_ready(timeout=60)
        wait_for_slots(0, 120)
        assert "usable" in said(client, USABLE)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def said(client, code: str) -> str:
    """What the kernel answers to some code: all that it prints, or the error."""
    parts: list[str] = []

    def listen(message: dict) -> None:
        content = message["content"]
        parts.append(content.get("text") or content.get("data", {}).get("text/plain") or content.get("evalue") or "")

    client.execute_interactive(code, timeout=90, output_hook=listen)
    return "".join(parts)


def wait_for_slots(taken: int, seconds: float) -> None:
    wait_for(lambda: read_limit("interrupted").active == taken, seconds, lambda: f"{read_limit('interrupted')}")
