"""The `workbook` command reads what it's given: help, one-line errors with the right exit code, shell completion."""

import functools
import json
import re
import subprocess
import sys
import tomllib

import prefect
import pytest

from conftest import CHECKOUT
from workbook import cli
from workbook.cli import main
from workbook.grading.exercises import LESSONS

EXAMPLES = {
    "": "workbook race",
    "server": "workbook server free-slots database",
    "doctor": "workbook doctor",
    "race": "workbook race --queries 40 --limit 5 --seconds 0.5 --pool",
    "timeline": "workbook timeline FLOW_RUN --limit 3",
    "room": "workbook room --tag database --port 4300 --host 0.0.0.0",
    "list": "workbook list",
    "grade": "workbook grade 3.1 --watch",
    "hint": "workbook hint 3.1 2",
    "reset": "workbook reset 3.1",
}


@pytest.mark.parametrize("command", EXAMPLES)
def test_the_help_shows_an_example(command, capsys):
    assert main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"\n    {EXAMPLES[command]}\n" in shown and max(map(len, shown.splitlines())) <= 80
    assert "─" not in shown and "..." not in shown.replace("]...", "")  # no panels, and no help is cut off


def test_the_help_lists_every_command_and_what_a_number_must_be(capsys):
    main(["--help"])
    shown = capsys.readouterr().out
    assert re.findall(r"^  (\w+)  ", shown.split("Commands:")[1], re.MULTILINE) == [name for name in EXAMPLES if name]
    main(["race", "--help"])
    assert "[default: 20; x>=1]" in capsys.readouterr().out


def test_every_example_can_be_read(monkeypatch, capsys):
    ran = []
    for command in cli.app.registered_commands:
        monkeypatch.setattr(command, "callback", _recorder(command.callback, ran))
        for line in command.epilog.splitlines()[2:]:
            assert main(line.split()[1:]) == 0, capsys.readouterr().err
    assert len(ran) == 19


def _recorder(callback, ran):
    @functools.wraps(callback)  # its signature is what Typer reads
    def recorded(**values):
        ran.append(values)

    return recorded


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 2, "Missing command. See `workbook --help`."),
        ("graed", 2, "No such command 'graed'. Did you mean 'grade'"),
        ("--verbose", 2, "No such option: --verbose"),
        ("race --limt 3", 2, "No such option: --limt (Possible options: --limit). See `workbook race --help`."),
        ("race --limit", 2, "Option '--limit' requires an argument."),
        ("race --pool=yes", 2, "Option '--pool' does not take a value."),
        ("race 20", 2, "Got unexpected extra argument"),
        ("server", 2, "Missing argument 'ACTION'. Choose from: start, stop, status, free-slots."),
        ("server restart", 2, "ACTION must be one of start, stop, status, free-slots (got 'restart')."),
        ("server status database", 1, "`free-slots` needs a tag"),
        ("hint", 2, "Missing argument 'EXERCISE'. See `workbook hint --help`."),
        ("race --queries 0", 1, "--queries must be a whole number, 1 or more (got '0'). See `workbook race --help`."),
        ("race --queries 201", 1, "queries must be a whole number from 1 to 200"),
        ("race --limit -1", 1, "--limit must be a whole number, 1 or more (got '-1')."),
        ("race --limit three", 1, "--limit must be a whole number, 1 or more (got 'three')."),
        ("race --limit it's", 1, '(got "it\'s").'),
        ("race --seconds x", 1, "--seconds must be a number above 0 (got 'x')."),
        ("race --seconds 0", 1, "seconds must be a number above 0"),
        ("race --seconds nan", 1, "seconds must be a number above 0"),
        ("race --figure race.pdf", 1, "--figure must end in .png or .svg"),
        ("timeline x --limit 2.5", 1, "--limit must be a whole number, 1 or more (got '2.5')."),
        ("hint 3.1 x", 1, "LEVEL must be a whole number, 1 or more (got 'x')."),
        ("hint 3.1 7", 1, "Exercise 3.1 has hints 1 to 3"),
        ("hint 9.9", 1, "There is no exercise '9.9': `workbook list` shows them all"),
        ("reset 9.9", 1, "There is no exercise '9.9'"),
        ("grade --from no/such/folder", 1, "There is no folder"),
        ("grade --json /dev/null/x.json", 1, "--json can't be written"),
        ("grade --class tests", 1, "`--class` needs `--out DIR` for all its files"),
        ("grade --class tests --out x --csv x.csv", 1, "no `--from`, `--watch`, `--csv`"),
        ("grade --out x", 1, "need a class: `workbook grade --class DIR --out DIR`."),
        (
            "grade --class no/such --out x",
            1,
            "needs a folder with a sub-folder or a zip for each learner (got no",
        ),
        ("grade --class tests --out workbook", 1, "--out must be a new folder or one with an earlier report"),
        ("grade --class tests --out Makefile", 1, "--out must be a folder (Makefile is a file)."),
        ("grade --class tests --out x --columns nmae", 1, "--columns must name name, passed, total"),
        ("grade 9.9 --class tests --out x", 1, "There is no exercise '9.9'"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(words, code, said, capsys):
    assert main(words.split()) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("Error: ") and said in err and len(err.splitlines()) == 1


def test_ctrl_c_is_said_and_has_its_own_exit_code(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.local, "stop", interrupted)
    assert main(["server", "stop"]) == 130
    assert capsys.readouterr() == ("", "Interrupted.\n")


def test_an_error_that_nobody_foresaw_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli.local, "stop", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["server", "stop"])


@pytest.mark.parametrize(("shell", "line"), [("bash", "complete -o default -F"), ("zsh", "#compdef workbook")])
def test_the_completion_script_can_be_shown(shell, line, monkeypatch, capsys):
    monkeypatch.setattr("shellingham.detect_shell", lambda: (shell, f"/bin/{shell}"))
    with pytest.raises(SystemExit) as ended:
        main(["--show-completion"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert line in shown and "_WORKBOOK_COMPLETE=complete_" in shown


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("workbook gr", ["grade"]),
        ("workbook server st", ["start", "stop", "status"]),
        ("workbook race --l", ["--limit"]),
    ],
)
def test_the_shell_completes_commands_actions_and_options(words, completed, monkeypatch, capsys):
    monkeypatch.setenv("_WORKBOOK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out.split() == completed


def test_the_versions_are_those_installed(capsys):
    assert main(["--version"]) == 0
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    python = ".".join(map(str, sys.version_info[:3]))
    assert capsys.readouterr() == (f"workbook {version}, Prefect {prefect.__version__}, Python {python}\n", "")


def test_the_list_as_json_has_what_the_table_has(capsys):
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    main(["list"])
    table = [" ".join(line.split()[1:]) for line in capsys.readouterr().out.splitlines()]
    rows = [f"{one['exercise']} {one['title']} {one['minutes']} {one['standing']}" for one in listed]
    assert rows == [row for row in table if re.match(r"\d+\.\d", row)]
    assert {one["lesson"] for one in listed} == set(LESSONS.values())


def test_reading_a_command_loads_neither_prefect_nor_rich_nor_matplotlib():
    code = (
        "import sys; from workbook.cli import main; main(['server', '--help']); main(['race', '--limit', 'x']); "
        "main(['--version']); "
        "print('loaded:', {'prefect', 'rich', 'matplotlib'} & set(sys.modules), 'typer' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.endswith("loaded: set() True\n")
    code = "import sys, workbook; print('typer' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
