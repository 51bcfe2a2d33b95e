"""Notebooks in a real JupyterLab, in a real browser, from the menu, as a learner runs them.

Skipped where there is no Chromium: `apt-get install chromium`, or set CHROMIUM to another one's path. The screenshots
are kept in `data/screenshots/` of the session, or where SCREENSHOTS names a folder.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager, start_new_kernel

from conftest import CHECKOUT, without_chromium
from tests.production import wait_for
from workbook import paths
from workbook.lessons import notebooks
from workbook.prefect_server.limits import ensure_limit, read_limit

pytestmark = pytest.mark.usefixtures("prefect_server")
ADDRESS = r"http://127\.0\.0\.1:\d+/lab"
MINUTES = 60_000  # milliseconds of one


@pytest.fixture(scope="module")
def lab(tmp_path_factory, prefect_server) -> Iterator[tuple[str, Path]]:
    """What `make lab` starts, in a copy of the checkout: its address, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("lab") / "a checkout"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(".*", "build", "data", "tests"))
    (folder / ".venv").symlink_to(sys.prefix)
    options = "--no-browser --allow-root --ip=127.0.0.1 --port=0 --IdentityProvider.token="
    command = ["make", "-o", ".venv/.installed", "lab", f"OPTIONS={options}"]  # what is installed stays as it is
    with (folder.parent / "lab.log").open("w", encoding="utf-8") as log:
        running = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    try:
        said = (folder.parent / "lab.log").read_text
        wait_for(lambda: re.search(ADDRESS, said()) or running.poll() is not None, said)
        (address, *_) = re.findall(ADDRESS, said())
        wait_for(lambda: opens(address), said)  # it names its address before it answers there
        yield address, folder
    finally:
        os.killpg(running.pid, signal.SIGTERM)  # make, and the server that it waits for
        running.wait(30)


def opens(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=30) as page:
        return page.status == 200
    return False


@contextlib.contextmanager
def opened(lab: tuple[str, Path], browser, name: str, theme: str = "Light") -> Iterator:
    """The page of a notebook, its kernel ready."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        page.goto(f"{lab[0]}/tree/notebooks/{name}?reset", timeout=MINUTES)
        page.locator(".jp-Notebook-cell").first.wait_for(timeout=MINUTES)
        idle(page).wait_for(timeout=2 * MINUTES)
        menu(page, "Settings", "Theme", f"JupyterLab {theme}")
        page.locator(f"body[data-jp-theme-name='JupyterLab {theme}']").wait_for(state="attached", timeout=MINUTES)
        yield page
    finally:
        page.close()


def idle(page):
    """What the status bar shows while the kernel has nothing to do."""
    return page.get_by_text("Prefect workbook | Idle")


def menu(page, *path: str) -> None:
    for name in path:
        label = page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel", has_text=re.compile(f"^{name}"))
        label.first.click()


def run_all(lab: tuple[str, Path], page, name: str, shot: str) -> list[dict]:
    """Choose Run All Cells from a page's menu, wait for the end, and give the notebook's cells as they are saved."""
    menu(page, "Run", "Run All Cells")
    end = time.monotonic() + 180
    while not ended(cells := notebooks.read(lab[1] / "notebooks" / name).cells):
        assert time.monotonic() < end, f"not through in time: {shown(cells)[-500:]}"
        page.wait_for_timeout(1000)  # what is off the screen is not in the page: look at what is saved
        if idle(page).count():
            page.keyboard.press("Control+s")
    assert not page.get_by_text("Jupyter news").count(), "JupyterLab asks whether to fetch news: see the Makefile"
    shots = Path(os.environ.get("SCREENSHOTS") or os.environ["WORKBOOK_DATA"])
    shots.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=shots / f"{shot}.png")
    for place, verdict in enumerate(page.locator("text=/Passed: |Not yet: |not attempted/i").all()[:6]):
        verdict.scroll_into_view_if_needed(timeout=10_000)
        page.screenshot(path=shots / f"{shot}-{place}.png")
    return cells


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
    notebook = notebooks.read(CHECKOUT / "notebooks" / name)
    (cell,) = [c for c in notebook.cells if f"exercise-{exercise_id}" in c.metadata.get("tags", [])]
    cell.source = code
    copy = f"answered_{abs(hash(code))}.ipynb"
    nbformat.write(notebook, lab[1] / "notebooks" / copy)
    return copy


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize("name", ["00_start_here.ipynb", "03_server_side_limits.ipynb"])
def test_run_all_goes_through_as_shipped(lab, browser, name):
    with opened(lab, browser, name) as page:
        cells = [cell for cell in run_all(lab, page, name, name[:2]) if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells if cell.source.strip())
    assert not [out for cell in cells for out in cell.outputs if out.output_type == "error"]
    assert "not attempted" in shown(cells)


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_solved_exercise_is_legible_in_both_themes(lab, browser, theme):
    (solution,) = [
        cell.source
        for cell in notebooks.build(notebooks.sources()[0], solved=True).cells
        if "exercise-0.1" in cell.metadata.get("tags", [])
    ]
    name = with_answer(lab, "00_start_here.ipynb", "0.1", solution)
    with opened(lab, browser, name, theme) as page:
        assert "0.1 passed: Observed: " in shown(run_all(lab, page, name, f"solved-{theme}"))
        verdict = page.locator(".jp-OutputArea-output strong", has_text="Passed: 0.1")
        verdict.scroll_into_view_if_needed()
        dark = theme == "Dark"
        assert contrast(*verdict.evaluate(COLOURS)) >= 4.5
        image = page.locator(".workbook-figure img").last
        assert image.evaluate("image => getComputedStyle(image).filter").startswith("invert" if dark else "none")
        report = page.locator(".jp-OutputArea-output", has_text=re.compile(r"1 of \d+ passed"))
        report.scroll_into_view_if_needed()
        assert "make lab" not in report.inner_text()
        wide = "areas => areas.filter(area => area.scrollWidth > area.clientWidth).map(area => area.innerText)"
        assert page.locator(".jp-OutputArea-output").evaluate_all(wide) == []
        words = "texts => texts.filter(text => getComputedStyle(text).wordBreak !== 'normal').length"
        assert page.locator(".jp-RenderedHTML p").evaluate_all(words) == 0


COLOURS = """
element => {
    const behind = at => {
        const colour = getComputedStyle(at).backgroundColor;
        return colour === "rgba(0, 0, 0, 0)" ? behind(at.parentElement) : colour;
    };
    return [getComputedStyle(element).color, behind(element)];
}
"""


def contrast(*colours: str) -> float:
    """The contrast of two colours as a browser names them, after WCAG 2: 1 of a colour with itself, 21 at the most."""
    lights = []
    for colour in colours:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.browser
@without_chromium
def test_a_wrong_answer_stops_run_all_with_its_reason(lab, browser):
    wrong = (CHECKOUT / "tests" / "answers" / "0.1" / "wrong_twice.py").read_text(encoding="utf-8")
    name = with_answer(lab, "00_start_here.ipynb", "0.1", wrong)
    with opened(lab, browser, name) as page:
        cells = run_all(lab, page, name, "wrong")
    (message,) = re.findall(r"^# message: (.*)$", wrong, re.MULTILINE)
    assert re.search(rf"0\.1 not yet: .*{message}", shown(cells))
    assert 'hint("0.1")' in shown(cells) and "workbook hint" not in shown(cells)
    assert ["0.1 isn't right yet. The reason is above."] in [
        out.traceback for cell in cells if cell.cell_type == "code" for out in cell.outputs if "traceback" in out
    ]


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
def test_the_commands_are_found_in_cells_and_terminals(lab, browser):
    name, answer = "doctor.ipynb", lab[1] / "doctor.txt"
    cells = [nbformat.v4.new_code_cell("!workbook doctor"), nbformat.v4.new_code_cell("1")]
    kernel = notebooks.build(notebooks.sources()[0], solved=False).metadata
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab[1] / "notebooks" / name)
    with opened(lab, browser, name) as page:
        assert f"at {sys.executable}" in shown(run_all(lab, page, name, "doctor"))
        menu(page, "File", "New$", "Terminal")
        page.locator(".jp-Terminal .xterm-screen").click()
        page.keyboard.type("workbook doctor > doctor.txt 2>&1\n")
        wait_for(lambda: answer.exists() and "Disk" in answer.read_text(encoding="utf-8"), lambda: "nothing came of it")


def test_make_lab_opens_the_first_lesson(lab):
    (page,) = (lab[1] / ".workbook" / "jupyter" / "data" / "runtime").glob("jpserver-file-to-run-*-open.html")
    assert "/lab/tree/notebooks/00_start_here.ipynb" in page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_kernel_also_runs_in_another_jupyter(prefect_server, tmp_path, monkeypatch):
    """As docs/troubleshooting.md says: added to the learner's own kernels; the first cell finds the commands."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    command = [sys.executable, "-m", "ipykernel", "install", "--user", "--name", paths.KERNEL]
    subprocess.run([*command, "--display-name", paths.KERNEL_NAME], check=True)
    specs = KernelSpecManager(kernel_dirs=[str(tmp_path / "kernels")])
    manager = KernelManager(kernel_name=paths.KERNEL, kernel_spec_manager=specs)
    assert manager.kernel_spec.display_name == paths.KERNEL_NAME
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        said(client, "from workbook import server; server.ensure()")
        assert "Hint 1 of 3" in said(client, "!workbook hint 3.1")
        assert "`!workbook list` shows them all" in said(client, "from workbook import hint; hint('9.9')")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_notebooks_ask_for_the_kernel_that_the_installation_registers():
    spec = KernelSpecManager().get_kernel_spec(paths.KERNEL)
    for file in [*(CHECKOUT / "notebooks").glob("*.ipynb"), *(CHECKOUT / "solutions").glob("*.ipynb")]:
        asked = notebooks.read(file).metadata["kernelspec"]
        assert (asked["name"], asked["display_name"]) == (paths.KERNEL, spec.display_name), file


LINKS = r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\""


@pytest.mark.parametrize("file", sorted((CHECKOUT / "notebooks").glob("*.ipynb")), ids=lambda file: file.stem)
def test_every_link_leads_to_a_file_that_lab_serves(file):
    texts = [cell.source for cell in notebooks.read(file).cells if cell.cell_type == "markdown"]
    links = [one or other for one, other in re.findall(LINKS, "\n".join(texts))]
    targets = [(file.parent / link.partition("#")[0]).resolve() for link in links if not re.match(r"\w+:|#", link)]
    assert targets and all(target.is_file() and target.is_relative_to(CHECKOUT) for target in targets), targets


@pytest.mark.slow
@pytest.mark.browser
@without_chromium
@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("00_start_here.ipynb", "solutions/00_start_here.ipynb"),
        ("10_deploy.ipynb", "docs/deployment_guide.md"),
    ],
)
def test_a_link_is_followed(lab, browser, name, target):
    with opened(lab, browser, name) as page:
        page.locator(".jp-Notebook").press("Control+End")
        page.locator(f".jp-Notebook a[href*='{target}']").click()
        page.wait_for_url(f"**/lab/tree/{target}", timeout=MINUTES)
        assert not page.locator(".jp-Dialog").count()


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
        wait_for_slots(3)
        if how == "interrupt":
            manager.interrupt_kernel()
            while client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != running:
                pass
        else:
            manager.restart_kernel(now=True)
            client.wait_for_ready(timeout=60)
        wait_for_slots(0)
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


def wait_for_slots(taken: int) -> None:
    wait_for(lambda: read_limit("interrupted").active_slots == taken, lambda: f"{read_limit('interrupted')}")
