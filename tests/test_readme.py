"""What the README says is there, is there."""

import re
import subprocess
import sys
from importlib.metadata import distributions

from conftest import CHECKOUT
from workbook.grading import exercises
from workbook.lessons import minutes, notebooks

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_map_names_every_room_and_no_other():
    block = README.split("## Map\n")[1].split("\n\nEach package")[0]
    folders = {f"{path.name}/" for path in CHECKOUT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    rooms = {f"{path.parent.name}/" for path in (CHECKOUT / "workbook").glob("*/__init__.py")}
    assert set(re.findall(r"^    ([a-z]+/) ", block, re.MULTILINE)) == folders - {"data/", "build/"}
    assert set(re.findall(r"^      ([a-z_]+/) ", block, re.MULTILINE)) == rooms


def test_the_table_of_lessons_is_true():
    rows = re.findall(r"^\| \[(\d\d) · (.*?)\]\(notebooks/(.*?)\.ipynb\) \| (\d+) \| (\d+) \|", README, re.MULTILINE)
    assert [source.stem for source in notebooks.sources()] == [stem for _, _, stem, _, _ in rows]
    for source, (number, title, _, stated, count) in zip(notebooks.sources(), rows, strict=True):
        found = exercises.of_lesson(int(number))
        assert title == exercises.LESSONS[int(number)] and int(count) == len(found), number
        assert int(stated) == minutes.minutes(source, sum(exercise.minutes for exercise in found)), number


def test_every_environment_variable_is_in_the_table():
    files = [file for folder in ("flows", "workbook", "scripts") for file in (CHECKOUT / folder).rglob("*.py")]
    names = {
        name for file in files for name in re.findall(r"\bWORKBOOK_[A-Z_]*[A-Z]", file.read_text(encoding="utf-8"))
    }
    table = README.split("## Settings")[1].split("## Map")[0]
    assert names and names <= set(re.findall(r"`(WORKBOOK_[A-Z_]+)`", table))


def test_every_command_has_its_line_for_powershell():
    before, windows = README.split("## On Windows\n")
    windows, after = windows.split("\n## ", 1)
    commands = re.findall(r"^    \.venv/bin/(.*?)(?:  +#.*)?$", before + after.split("## Map")[0], re.MULTILINE)
    commands += re.findall(r"`(python scripts/.*?)`", after)
    lines = {re.sub(r"  +#.*", "", line).strip() for line in windows.splitlines()}
    assert len(commands) > 8
    for command in commands:
        program, *rest = command.split()
        rest = [word.replace("/", "\\") if word.endswith(".py") else word for word in rest]
        assert " ".join([f".venv\\Scripts\\{program}", *rest]) in lines, command
    assert all(f"make {target}" in windows for target in re.findall(r"^    make (\w+) ", before, re.MULTILINE))


def test_make_alone_lists_every_target():
    run = subprocess.run(["make", "--no-print-directory"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    listed = run.stdout
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert [line.split()[1] for line in listed.splitlines()] == targets.split()
    assert all(len(line.split("\t")[1]) > 10 for line in listed.splitlines())


def test_ci_runs_the_test_command_of_the_readme():
    assert "    make test" in README
    assert (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-2:] == ["make test", "make test-second"]


def test_the_notice_names_every_package_with_a_copyleft_licence():
    notice, found = (CHECKOUT / "NOTICE").read_text(encoding="utf-8"), set()
    for package in distributions():
        said = [package.metadata.get(key) or "" for key in ("License-Expression", "License")]
        said += [value for value in package.metadata.get_all("Classifier") or [] if value.startswith("License")]
        if re.search(r"GPL|General Public|MPL|Mozilla|EPL|CDDL", " ".join(said)[:500]):
            found.add(package.name)
    assert found and not [name for name in found if name.lower() not in notice]


def test_the_code_is_clean_by_ruff():
    for command in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=CHECKOUT, check=True)
