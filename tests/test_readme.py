"""What the README says is there, is there."""

import re
import subprocess
import sys
from importlib.metadata import distributions

from conftest import CHECKOUT

README = (CHECKOUT / "README.md").read_text()


def test_the_map_names_every_file_and_no_other():
    block = README.split("## Map\n")[1].split("\n\nMIT")[0]
    named = set(re.findall(r"[\w.-]+\.(?:py|txt)|Makefile", block)) - {"pyproject.toml"}
    folders = ["flows", "workbook", "scripts"]
    there = {path.name for folder in folders for path in (CHECKOUT / folder).glob("*.py")} - {"__init__.py"}
    there |= {"expect.py", "NN_name.py"}  # what the map says of the exercises and the lessons
    assert named == there | {"Makefile", "requirements.txt", "requirements-dev.txt", "requirements-extras.txt"}


def test_make_alone_lists_every_target():
    run = subprocess.run(["make", "--no-print-directory"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    listed = run.stdout
    makefile = (CHECKOUT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert [line.split()[1] for line in listed.splitlines()] == targets.split()
    assert all(len(line.split("\t")[1]) > 10 for line in listed.splitlines())


def test_ci_runs_the_test_command_of_the_readme():
    assert "    make test" in README
    assert (CHECKOUT / ".ci" / "run").read_text().splitlines()[-1] == "make test"


def test_the_notice_names_every_package_with_a_copyleft_licence():
    notice, found = (CHECKOUT / "NOTICE").read_text(), set()
    for package in distributions():
        said = [package.metadata.get(key) or "" for key in ("License-Expression", "License")]
        said += [value for value in package.metadata.get_all("Classifier") or [] if value.startswith("License")]
        if re.search(r"GPL|General Public|MPL|Mozilla|EPL|CDDL", " ".join(said)[:500]):
            found.add(package.name)
    assert found and not [name for name in found if name.lower() not in notice]


def test_the_code_is_clean_by_ruff():
    for command in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=CHECKOUT, check=True)
