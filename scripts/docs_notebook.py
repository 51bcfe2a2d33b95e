"""Take the picture of a notebook that README shows: a wrong and a right answer, checked in a real JupyterLab.

It needs Chromium (`apt-get install chromium`, or its path in CHROMIUM) and the packages of requirements-dev.txt.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _start  # noqa: F401
import nbformat
from playwright.sync_api import sync_playwright

from workbook import paths

PICTURE = paths.ROOT / "docs" / "figures" / "notebook.png"
WRONG = """@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    return [query.submit(index, seconds).result() for index in indexes]


check("3.1", three_at_a_time)"""
RIGHT = """@flow
def three_at_a_time(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


check("3.1", three_at_a_time)"""
SETUP = """from workbook import check, server

server.ensure()

from prefect import flow, task
from workbook.work import ask"""
MINUTE = 60_000  # milliseconds


def main() -> None:
    with tempfile.TemporaryDirectory(dir=paths.ROOT / "notebooks") as folder, sync_playwright() as playwright:
        notebook = Path(folder) / "answers.ipynb"
        cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, WRONG, RIGHT)]
        kernel = {"kernelspec": {"name": paths.KERNEL, "display_name": paths.KERNEL_NAME, "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebook)
        log = Path(folder) / "lab.log"
        command = [
            "make",
            "-o",
            ".venv/.installed",
            "lab",
            "OPTIONS=--no-browser --allow-root --IdentityProvider.token=",
        ]
        with log.open("w", encoding="utf-8") as output:
            lab = subprocess.Popen(command, cwd=paths.ROOT, stdout=output, stderr=output, start_new_session=True)
        try:
            while not (
                address := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", log.read_text(encoding="utf-8"))
            ):
                if lab.poll() is not None:
                    sys.exit(f"Error: JupyterLab did not start:\n{log.read_text(encoding='utf-8')}")
                time.sleep(0.2)  # between two looks
            take(playwright, f"{address[0]}/tree/{notebook.relative_to(paths.ROOT)}")
        finally:
            os.killpg(lab.pid, 15)
            lab.wait(30)


def take(playwright, address: str) -> None:
    """Run the three cells one by one, each after the one before it has ended, and take the picture."""
    browser = playwright.chromium.launch(
        executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"]
    )
    page = browser.new_page(viewport={"width": 1280, "height": 1720})
    page.goto(f"{address}?reset", timeout=2 * MINUTE)
    idle = page.get_by_text(f"{paths.KERNEL_NAME} | Idle")
    idle.wait_for(timeout=2 * MINUTE)
    page.keyboard.press("Control+b")  # without the list of files
    for place, ended in enumerate(("web UI at", "Not yet: 3.1", "Passed: 3.1")):
        editor = page.locator(".jp-Notebook-cell .cm-content").nth(place)
        editor.click()
        editor.press("Control+Enter")
        page.locator(".jp-OutputArea-output", has_text=ended).first.wait_for(timeout=2 * MINUTE)
        idle.wait_for(timeout=MINUTE)
    page.wait_for_timeout(1000)  # JupyterLab lays the figures out
    page.screenshot(path=PICTURE)
    browser.close()
    print(f"Wrote {PICTURE.relative_to(paths.ROOT)}")


if __name__ == "__main__":
    main()
