"""What the documents say is there, is there; what they tell you to type, a test has typed, or says why it has not."""

# ruff: noqa: E501  (commands stand as they are written in the documents)

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Running

from conftest import CHECKOUT

DOCUMENTS = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
DOCUMENTS += [CHECKOUT / "flows" / "README.md"]
GUIDES = (CHECKOUT / "tests" / "test_guides.py").read_text(encoding="utf-8")
WHOLE = [CHECKOUT / name for name in re.findall(r'adapted\("(.*?)"', GUIDES)]  # what it runs from top to bottom
TEST = re.compile(r"tests/\w+\.py::test_\w+")
MARKS = ("*(read, not reproduced)*", "*(measured once, not by a test)*")

# Every command of the other documents, and the indented ones of these, one a line, under the test that runs it, or under
# the reason why none does. Settings (`export …`) are left out.
LOOKS = "tests/test_docs.py::test_the_commands_that_look_and_change_nothing"
COMMANDS = {
    LOOKS: """
        .venv/bin/workbook list
        source .venv/bin/activate
        workbook server start
        .venv/bin/workbook hint 3.1
        .venv/bin/workbook hint 3.1 2
        curl $PREFECT_API_URL/health
        grep -nE "tags=|^NAME" flows/your_flow.py
        python scripts/setup_concurrency_limit.py
        .venv/bin/python scripts/setup_concurrency_limit.py --tag database --limit 3
        prefect gcl ls --output json
    """,
    "tests/test_prefect_flow.py::test_the_script_says_what_it_did": """
        make demo
        .venv/bin/python flows/prefect_flow.py --name Ann
    """,
    "tests/test_room.py::test_the_page_shows_who_holds_the_slots_and_follows_a_change_of_the_limit": """
        .venv/bin/workbook room --tag database
    """,
    "its parts have a test each: make demo, grade, doctor": """
        make demo && .venv/bin/workbook grade 0.1 --from solutions && .venv/bin/workbook doctor
    """,
    "tests/test_prefect_flow.py::test_prefects_log_lines_are_in_a_file_or_with_v_in_the_terminal": """
        .venv/bin/python flows/prefect_flow.py -v
    """,
    "tests/test_race.py::test_make_race_is_the_command": "make race",
    "tests/test_race.py::test_the_command_draws_bars_in_a_terminal_and_lines_elsewhere": """
        .venv/bin/workbook race
        .venv/bin/workbook race --queries 40 --limit 5 --seconds 0.5 --pool
        .venv/bin/workbook race --seconds 0.5 --pool
    """,
    "tests/test_jupyterlab.py::test_run_all_goes_through_as_shipped": "make lab",
    "tests/test_slides.py::test_every_slide_fits_the_projector_and_needs_no_network": "make slides",
    "tests/test_site.py::test_every_internal_link_leads_somewhere": "make docs",
    "tests/test_jupyterlab.py::test_the_kernel_also_runs_in_another_jupyter": """
        python -m ipykernel install --user --name prefect-workbook --display-name "Prefect workbook"
    """,
    "tests/test_readme.py::test_ci_runs_the_test_command_of_the_readme": "make test",
    "tests/test_contributing.py::test_the_example_works_as_it_is_written": """
        make notebooks LESSONS=02
        .venv/bin/python -m pytest tests/test_lessons.py tests/test_graders.py -k "2.9 or 02_parallel and not minutes"
    """,
    "tests/test_report.py::test_figure_text_table_and_diagnosis_of_a_run": """
        .venv/bin/workbook timeline FLOW_RUN_ID --limit 3
        workbook timeline FLOW_RUN_ID --limit 3
    """,
    "tests/test_server.py::test_life_of_a_server": """
        .venv/bin/workbook server status
        .venv/bin/workbook server stop
    """,
    "tests/test_doctor.py::test_all_is_well_with_the_server_up": """
        .venv/bin/workbook doctor
        workbook doctor
    """,
    "tests/test_gradebook.py::test_verdicts_are_shown_and_written": """
        .venv/bin/workbook grade
        .venv/bin/workbook grade 3.1
        .venv/bin/workbook grade --from handed-in/ann --csv ann.csv --json ann.json --junit ann.xml --markdown ann.md
    """,
    "tests/test_class.py::test_a_class_is_graded": """
        .venv/bin/workbook grade --class DIR --out REPORT
        .venv/bin/workbook grade --class handed-in --out report
        .venv/bin/workbook grade 3.1 3.2 --class handed-in --out report --jobs 4 --columns "Student=name,Grade=percent,exercises"
    """,
    "tests/test_gradebook.py::test_watching_grades_what_is_saved": ".venv/bin/workbook grade 3.1 --watch",
    "tests/test_gradebook.py::test_reset_restores_the_stub_and_keeps_the_work": ".venv/bin/workbook reset 3.1",
    "tests/test_faults.py::test_a_server_that_is_killed_leaks_the_slots_whose_leases_were_in_its_memory": """
        workbook server free-slots database
        prefect gcl update tag:database --active-slots 0
    """,
    "tests/test_faults.py::test_the_run_of_a_killed_worker_is_marked_as_crashed_and_can_be_run_again": """
        prefect flow-run retry FLOW_RUN_ID
    """,
    "tests/test_docs.py::test_a_run_that_stays_running_is_marked_as_crashed_by_hand": """
        curl $PREFECT_API_URL/flow_runs/FLOW_RUN_ID/set_state -H 'Content-Type: application/json' -d '{"force": true, "state": {"type": "CRASHED"}}'
    """,
    "for Windows, which these tests do not have": r"""
        py -3.12 -m venv .venv
        .venv\Scripts\pip install -r requirements.txt
        .venv\Scripts\Activate.ps1
        .venv\Scripts\python flows\prefect_flow.py
        .venv\Scripts\python flows\prefect_flow.py -v
        .venv\Scripts\python scripts\setup_concurrency_limit.py --tag database --limit 3
        .venv\Scripts\workbook race
        $env:PATH = "$PWD\.venv\Scripts;$env:PATH"
        .venv\Scripts\jupyter lab --ServerApp.root_dir=. notebooks\00_start_here.ipynb
        .venv\Scripts\workbook server start
        .venv\Scripts\workbook server status
        .venv\Scripts\workbook server stop
        .venv\Scripts\workbook doctor
        .venv\Scripts\workbook race --queries 40 --limit 5 --seconds 0.5 --pool
        .venv\Scripts\workbook timeline FLOW_RUN_ID --limit 3
        .venv\Scripts\workbook list
        .venv\Scripts\workbook grade 3.1
        .venv\Scripts\workbook hint 3.1
        .venv\Scripts\workbook reset 3.1
        Set-ExecutionPolicy -Scope Process RemoteSigned
        .venv\Scripts\workbook grade --class DIR --out REPORT
        $env:PYTHONUTF8 = 1
        [Console]::OutputEncoding = [Text.Encoding]::UTF8
        $env:PREFECT_API_URL = "http://127.0.0.1:4200/api"
        Remove-Item Env:PREFECT_API_URL
    """,
    "its parts, one after the other; .ci/run runs the first": "make test-all",
    "it would change the environment that the tests run in": """
        touch pyproject.toml
        make install
    """,
    "docs/facts.md says what came of it, once, by hand": r"""
        PREFECT_API_KEY=pnu_secret PREFECT_API_AUTH_STRING=user:topsecret python -c "
        find $PREFECT_HOME -type f
        from prefect.logging import get_logger
        get_logger('x').warning('pnu_secret user:topsecret')"
        prefect deploy f.py:hello -n d --pool p --cron "0 2 * * *" --timezone Europe/Zurich </dev/null
        prefect flow-run ls
        prefect server start &
        prefect work-pool create p --type process
        script -qc 'python -c "from prefect import flow; f = flow(lambda: 1)"' /dev/null
        uv venv fresh && uv pip install -p fresh prefect && . fresh/bin/activate
    """,
}


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def commands_in(text: str) -> set[str]:
    """The commands of the fenced blocks of a shell and of the indented ones, without comments and settings."""
    text = text.partition("\n## Map\n")[0]  # of the README: a list of files
    blocks = re.findall(r"^```(?:bash|sh|shell|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks += [line for line in rest.splitlines() if line.startswith("    ")]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    commands = {" ".join(re.sub(r"(^|\s+)#.*", "", line).split()) for line in lines} - {""}
    return {command for command in commands if not re.match(r"(export|unset|echo|set) ", command)}


def listed(by: str) -> list[str]:
    return [" ".join(line.split()) for line in COMMANDS[by].splitlines() if line.strip()]


def names_in(file: str) -> set[str]:
    path = CHECKOUT / file
    return (
        set(re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)) if path.exists() else set()
    )


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return name in names_in(file)


def test_every_command_is_run_by_a_test_or_says_why_not():
    known = [command for by in COMMANDS for command in listed(by)]
    assert len(known) == len(set(known))
    texts = {document: text_of(document) for document in DOCUMENTS}
    assert len(WHOLE) == 5 and set(WHOLE) <= set(texts)
    for document in WHOLE:  # their indented commands aren't run
        texts[document] = re.sub(r"^ *```.*?^ *```", "", texts[document], flags=re.DOTALL | re.MULTILINE)
    said = set().union(*map(commands_in, texts.values()))
    assert sorted(said - set(known)) == [], "commands without an entry in COMMANDS"
    assert sorted(set(known) - said) == [], "entries that no document has any more"


def test_the_commands_that_look_and_change_nothing(prefect_server):
    """As they are written, in a shell, with this session's server and a flow that exists."""
    if not shutil.which("bash") or not shutil.which("curl"):
        pytest.skip("bash and curl are what these commands are written for, and one is missing")
    once = dict.fromkeys(command.replace(".venv/bin/", "") for command in listed(LOOKS))
    script = "\n".join(["set -ex", *once])
    script = script.replace("localhost:4200", f"127.0.0.1:{prefect_server.port}").replace("your_flow", "prefect_flow")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "-c", script], cwd=CHECKOUT, env=environment, text=True, stdout=-1, stderr=-2)
    assert ran.returncode == 0, ran.stdout


def test_a_run_that_stays_running_is_marked_as_crashed_by_hand(prefect_server):
    """No process runs this flow run, so only the command can have changed its state."""
    (command,) = listed("tests/test_docs.py::test_a_run_that_stays_running_is_marked_as_crashed_by_hand")
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(flow(lambda: None, name="stuck"), state=Running())
        script = command.replace("FLOW_RUN_ID", str(run.id))
        environment = os.environ | {"PREFECT_API_URL": prefect_server.api_url}
        subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
        assert client.read_flow_run(run.id).state.is_crashed()


def test_the_lesson_runs_every_command_of_which_limit_when():
    """The same words with other names; its solved notebook is run, and what it counted is compared."""
    lesson = text_of(CHECKOUT / "solutions" / "07_which_limit_when.py").replace("\\\n#", "")
    run = [
        set(line.split())
        for line in re.findall(r"^# (?:output = )?!prefect (?:--no-prompt )?(.*)", lesson, re.MULTILINE)
    ]
    table = text_of(CHECKOUT / "docs" / "which_limit_when.md").split("## How to set each\n")[1].split("\n## ")[0]
    commands = [command.split() for command in re.findall(r"`prefect ([^`]*)`", table)]
    assert len(commands) >= 7
    for command in commands:
        words = {word for word in command if word.startswith("--") or word.isupper()}
        words |= set(command[: 1 if command[0] == "deploy" else 2])
        assert any(words <= line for line in run), " ".join(command)
    code = re.sub(r"^#.*", "", lesson, flags=re.MULTILINE)
    for call in re.findall(r"(?:with |@)?(\w+)\(", " ".join(re.findall(r"`([^`]*)`", table))):
        assert f"{call}(" in code, call


def test_the_programmes_take_the_minutes_that_their_lessons_state():
    stated = dict(re.findall(r"^\| \[(\d\d) · .*?\| (\d+) \|", text_of(CHECKOUT / "README.md"), re.MULTILINE))
    programmes = text_of(CHECKOUT / "docs" / "instructor_guide.md").split("## Programmes\n")[1].split("\n## ")[0]
    for name, minutes in (("20 minutes", 20), ("2 hours", 120), ("A day, 7 hours with breaks", 420)):
        rows = re.findall(
            r"^\| (\d+) \| ([^|]*) \|", programmes.split(f"### {name}\n")[1].split("\n### ")[0], re.MULTILINE
        )
        assert sum(int(taken) for taken, _ in rows) == minutes, name
        lessons = [(taken, lesson[1]) for taken, what in rows if (lesson := re.match(r"lesson (\d\d)", what))]
        assert all(taken == stated[lesson] for taken, lesson in lessons), name


def test_every_test_that_a_document_names_exists():
    named = {test for document in DOCUMENTS for test in TEST.findall(text_of(document))}
    assert [test for test in sorted(named | set(TEST.findall(str(list(COMMANDS))))) if not exists(test)] == []


def test_every_entry_of_the_troubleshooting_is_reproduced_or_marked():
    text = text_of(CHECKOUT / "docs" / "troubleshooting.md")
    entries = re.split(r"^(?=\*\*)", text, flags=re.MULTILINE)[1:]
    assert len(entries) > 30
    bare = [entry.splitlines()[0] for entry in entries if not TEST.search(entry) and not any(m in entry for m in MARKS)]
    assert bare == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_every_file_that_is_named_is_there(document):
    text = text_of(document)
    targets = {target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target}
    gone = [target for target in targets if not (document.parent / target.partition("#")[0]).exists()]
    named = re.findall(r"`((?:docs|flows|notebooks|scripts|solutions|tests|workbook)/[\w./-]+\.\w+)", text)
    gone += [name for name in named if not (CHECKOUT / name).exists() and name not in NOT_FILES]
    assert gone == []


# Named in the documents as an example, or as what a command will make.
NOT_FILES = {"solutions/NN_name.py", "notebooks/NN_name.ipynb", "solutions/NN_name.ipynb", "tests/answers/2.9"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_figure_says_in_words_what_it_shows(document):
    for alt, file in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text_of(document)):
        assert len(alt) > 60, f"{file}: its text is too short for who cannot see it"
        assert not re.search(r"\d", alt), f"{file}: a number in its text is wrong as soon as the figure is drawn anew"
