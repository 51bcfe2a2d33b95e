"""CONTRIBUTING.md's worked example, followed to the letter in a copy of the checkout."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from conftest import CHECKOUT
from tests.guides import copy_checkout
from tests.production import Running

GUIDE = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- (add to|write) (\S+) -->\n```python\n(.*?)```", GUIDE, re.DOTALL)
STEPS = GUIDE.partition("**4. Build and prove:**")[2].partition("\n\n")[2].partition("\n\n")[0]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copy(tmp_path_factory, prefect_server) -> Path:
    """A copy of this checkout, with the example's blocks added."""
    folder = copy_checkout(tmp_path_factory.mktemp("copy"))
    for what, name, code in BLOCKS:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if what == "add to" else "x", encoding="utf-8") as opened:
            opened.write(f"\n\n{code}" if what == "add to" else code)
    return folder


def follow(step: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of the guide; the package is the copy's, and not the one that .venv was installed with."""
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    command, pipe = shlex.split(step), subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            said = process.communicate()
        finally:  # at a time-out, what it has started too
            Running(process, folder).end()
    return subprocess.CompletedProcess(command, process.returncode, *said)


def test_the_example_works_as_it_is_written(copy):
    assert [name for _, name, _ in BLOCKS][:2] == ["solutions/02_parallel.py", "workbook/grading/exercises/lesson_2.py"]
    build, prove = [step.strip() for step in STEPS.splitlines()]
    built = follow(build, copy)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "2.9 passed: Observed: " in (copy / "solutions" / "02_parallel.ipynb").read_text(encoding="utf-8")
    assert "2.9: about 2 lines" in (copy / "notebooks" / "02_parallel.ipynb").read_text(encoding="utf-8")
    proven = follow(prove, copy)
    assert proven.returncode == 0, proven.stdout + proven.stderr
    # Two answers and the solution, and all that is asked of a lesson.
    assert re.search(r"test_graders\.py \.{3} .*test_lessons\.py \.{9} ", proven.stdout, re.DOTALL), proven.stdout


def test_too_few_answers_are_noticed(copy):
    """The example shows one right answer and one wrong one, and a new exercise needs more."""
    counted = follow(".venv/bin/python -m pytest tests/test_graders.py -k answers_enough", copy)
    assert counted.returncode == 1 and "['2.9']" in counted.stdout, counted.stdout
