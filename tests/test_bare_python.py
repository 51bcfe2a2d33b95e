"""What can be started by hand with a Python that lacks packages, and the template, which needs nothing but Prefect."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import CHECKOUT
from workbook.prefect_server.limits import borrowed_limit
from workbook.runs.records import last_flow_runs, observe_run

STARTED = [
    file
    for file in sorted([*(CHECKOUT / "flows").glob("*.py"), *(CHECKOUT / "scripts").glob("*.py")])
    if '__name__ == "__main__"' in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("file", STARTED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_one_sentence_says_what_a_bare_python_lacks(file, tmp_path):
    words = [sys.executable, "-E", "-S", file]  # without site-packages, and so without any package
    ran = subprocess.run(words, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), ran.stderr
    assert ran.stderr.startswith("Error: ") and ("README.md" in ran.stderr or "pip install prefect" in ran.stderr)


@pytest.fixture
def copied(tmp_path, run_python):
    """Run a copy of the template where there is no workbook."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['workbook'] = sys.modules['flows'] = None\n", encoding="utf-8"
    )
    copy = Path(shutil.copyfile(CHECKOUT / "flows" / "template.py", tmp_path / "nightly.py"))
    return lambda **environment: run_python(str(copy), PYTHONPATH=str(tmp_path), **environment)


@pytest.mark.second
def test_a_copy_of_the_template_runs_with_nothing_but_prefect(copied, prefect_server):
    with borrowed_limit("my-flow", 2):
        ran = copied(PREFECT_API_KEY="pnu_0123456789")
    assert ran.returncode == 0 and ran.stdout == "API key: set\n", ran.stderr
    seen = observe_run(last_flow_runs(1)[0].id)
    assert (seen.state.name, len(seen.timeline)) == ("Completed", 10) and seen.timeline.peak <= 2
    assert {span.tags for span in seen.timeline} == {frozenset({"my-flow"})}
    assert "pnu_" not in ran.stdout + ran.stderr and "0123456789" not in ran.stdout + ran.stderr


@pytest.mark.second
def test_the_template_wants_a_server_to_be_named(copied, tmp_path):
    ran = copied(PREFECT_API_URL=None, HOME=str(tmp_path))
    assert ran.returncode == 1 and ran.stdout == "" and ran.stderr.startswith("Error: PREFECT_API_URL must be ")
    assert not (tmp_path / ".prefect").exists()
