"""A guide, followed to the letter: its blocks in order, each typed into the terminal that the guide names.

This is how a guide is read:

- "In terminal 2:" between two blocks says where the second is typed; without it, the terminal stays the same.
- "in each terminal:" before a block says that it is typed first in each terminal.
- "Save this as `FILE`:" on the line before a block writes it.
- "Press Ctrl-C in terminal 1", or in "terminals 1 and 3", ends what runs there in the foreground.
- `*(Not run by the test: REASON.)*` on the line before a block leaves it out.
- A block without a language after one that is run is what the reader sees; `…` stands for anything.
- A block of Python that isn't saved is a fragment, and one of `text` is a picture: both are left to the reader.
"""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from conftest import CHECKOUT
from tests.production import Running, started, wait_for

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
NOT_RUN = re.compile(r"\*\(Not run by the test: .{10,}\.\)\*")
WRITE = re.compile(r"Save this as `(\S+)`:")
TERMINAL = re.compile(r"\bin\s+terminal\s+(\d)\b", re.IGNORECASE)
CTRL_C = re.compile(r"Press\s+Ctrl-C\s+in\s+terminals?\s+(\d(?:(?:,|\s+and)\s+\d)*)")
STAYS = re.compile(r"prefect (--no-prompt )?((server|server services) start|worker start\b(?!.*--run-once))(?!.*&$)")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")  # what moves a terminal's cursor, or colours
PROMPT = re.compile(r"\n@@@ (\d+)\n")  # with the exit code of what was typed before


@dataclass(frozen=True)
class Step:
    """One thing that the reader does, or sees.

    `what` is "begin" (in each terminal), "run", "write" to `file`, "stop" what runs in the foreground, "see" what was
    printed, "fragment", or "skip".
    """

    what: str
    code: str = ""
    terminal: int = 1
    file: str = ""


def steps(guide: str) -> list[Step]:
    """What the reader of a guide does, in order.

    Raises:
        ValueError: a block is none of what this module's docstring lists.
    """
    found, terminal, begin = [], 1, 0
    for fence in FENCE.finditer(guide):
        prose, begin = guide[begin : fence.start()].rstrip(), fence.end()
        for pressed in CTRL_C.findall(prose):
            found += [Step("stop", terminal=int(number)) for number in re.findall(r"\d", pressed)]
        if named := TERMINAL.findall(prose):
            terminal = int(named[-1])
        found += _steps_of(fence["language"], textwrap.dedent(fence["code"]), prose, terminal, found)
    if CTRL_C.search(guide[begin:]):
        raise ValueError("Ctrl-C after the last block")
    return found


def _steps_of(language: str, code: str, prose: str, terminal: int, before: list[Step]) -> list[Step]:
    line = prose.rpartition("\n")[2].strip()
    if NOT_RUN.fullmatch(line):
        return [Step("skip", code)]
    if written := WRITE.fullmatch(line):
        return [Step("write", code, terminal, written[1])]
    if language == "bash":
        return [Step("begin" if line.endswith("in each terminal:") else "run", code, terminal)]
    if language == "python":
        return [Step("fragment", code)]
    if language == "text":
        return []
    if not language and before and before[-1].what == "run":
        return [Step("see", code, terminal)]
    raise ValueError(f"neither run nor marked: {code.splitlines()[0]}")


def shows(printed: str, expected: str) -> bool:
    """Whether the parts between the `…` are in what was printed, in their order."""
    end = 0
    for part in expected.strip().split("…"):
        begin = printed.find(part, end)
        if begin < 0:
            return False
        end = begin + len(part)
    return True


@dataclass
class Terminal:
    """A bash in a terminal of its own; it ends where a command fails."""

    running: Running
    folder: Path  # for the blocks that are typed
    blocks: list[Path] = field(default_factory=list)
    in_front: Path | None = None  # the block whose last command runs until Ctrl-C

    def press(self, keys: str) -> None:
        self.running.process.stdin.write(keys.encode())
        self.running.process.stdin.flush()

    def printed(self) -> str:
        return CONTROL.sub("", self.running.printed())

    def start(self, code: str) -> None:
        """Type a block, as a file, so that none of its commands can take the rest of it for an answer."""
        *first, last = code.rstrip().replace("\\\n", " ").splitlines()
        block = self.folder / f"{len(self.blocks)}.sh"
        stays = STAYS.match(last) is not None
        if stays:  # the exit code after Ctrl-C may be any
            code = "\n".join([*first, "set +e", f"echo; echo @@@ stays {block}", last, ""])
        block.write_text(code, encoding="utf-8")
        self.blocks.append(block)
        self.in_front = block if stays else None
        self.press(f"set -euo pipefail; . {block}\n")

    def stays(self) -> bool:
        return f"\n@@@ stays {self.in_front}\n" in self.printed()

    def exit_code(self) -> int | None:
        """That of the last block, or None if it's still running."""
        codes = PROMPT.findall(self.printed())
        return int(codes[-1]) if len(codes) > len(self.blocks) else None

    def output(self) -> str:
        """What the last block printed."""
        return PROMPT.split(self.printed().rpartition(f". {self.blocks[-1]}\n")[2])[0]

    def fail(self, why: str) -> None:
        raise AssertionError(f"{why}\n{self.blocks[-1].read_text(encoding='utf-8')}\nprinted: {self.printed()}")


@contextlib.contextmanager
def opened(folder: Path, environment: dict[str, str], cwd: Path) -> Iterator[Terminal]:
    """A terminal of 120 columns.

    Args:
        folder: for what is typed and printed.
        environment: all of its environment variables.
        cwd: where it is opened.
    """
    folder.mkdir(parents=True)
    command = "stty cols 120 rows 40; exec bash --noprofile --norc --noediting -i"
    # A test that runs in the background may ignore SIGINT, and what it starts would, too: then no Ctrl-C ends a worker.
    script = ["env", "--default-signal=INT,QUIT", "script", "--quiet", "--flush", "--return"]
    script += ["--command", command, str(folder / "typescript")]
    environment = environment | {"PS1": r"\n@@@ $?\n", "HISTFILE": "", "SHELL": "/bin/sh", "TERM": "xterm"}
    with started(script, folder / "log", environment, cwd, typed=True) as running:
        terminal = Terminal(running, folder)
        wait_for(lambda: terminal.exit_code() is not None, running.printed)
        yield terminal


@dataclass
class Reader:
    """Who follows a guide, and has opened these terminals."""

    folder: Path
    environment: dict[str, str]
    cwd: Path
    opens: contextlib.ExitStack
    terminals: dict[int, Terminal] = field(default_factory=dict)

    def run(self, number: int, code: str) -> str:
        """Type a block into a terminal; what it printed, once it has ended or its last command is in the foreground."""
        terminal = self.terminals[number]
        if terminal.in_front:
            raise AssertionError(
                f"{terminal.in_front.read_text(encoding='utf-8')}is still in the foreground, and then comes\n{code}"
            )
        terminal.start(code)
        self.wait(terminal)
        if terminal.exit_code():
            terminal.fail("A command failed:")
        return terminal.output()

    def wait(self, terminal: Terminal) -> None:
        def over() -> bool:
            for one in self.terminals.values():
                if one.running.process.poll() is not None:
                    one.fail("A command failed:")
                if one.in_front and one.exit_code() is not None:
                    one.fail("Its last command ended before Ctrl-C:")
            return terminal.stays() if terminal.in_front else terminal.exit_code() is not None

        wait_for(over, terminal.printed)

    def open(self, number: int, first: list[str]) -> None:
        place = self.folder / f"terminal-{number}"
        self.terminals[number] = self.opens.enter_context(opened(place, self.environment, self.cwd))
        for code in first:
            self.run(number, code)

    def press_ctrl_c(self, number: int) -> None:
        terminal = self.terminals.get(number)
        assert terminal and terminal.in_front, f"nothing runs in the foreground of terminal {number}"
        terminal.in_front = None
        terminal.press("\x03")
        self.wait(terminal)

    def close(self, number: int) -> None:
        terminal = self.terminals.pop(number)
        assert terminal.in_front is None, f"nothing ends what runs in terminal {number}"
        terminal.press("\x04")  # the end of what is typed
        terminal.running.process.wait()


def follow(guide: str, folder: Path, environment: dict[str, str], cwd: Path) -> dict[int, str]:
    """Do all that a guide says.

    Args:
        guide: its text.
        folder: for what is typed and printed, apart from where the guide works.
        environment: of each terminal.
        cwd: where each terminal is opened.

    Returns:
        What each step printed that is run.

    Raises:
        AssertionError: a command failed, a server or worker ended by itself or wasn't ended, or something else was
            printed than the guide shows.
    """
    outputs: dict[int, str] = {}
    found = steps(guide)
    with contextlib.ExitStack() as opens:
        reader = Reader(folder, environment, cwd, opens)
        for number, step in enumerate(found):
            if step.what in ("run", "write") and step.terminal not in reader.terminals:
                reader.open(step.terminal, [begin.code for begin in found[:number] if begin.what == "begin"])
            if step.what == "run":
                outputs[number] = reader.run(step.terminal, step.code)
            elif step.what == "write":
                reader.run(step.terminal, written(step))
            elif step.what == "see":
                printed = outputs[number - 1]
                assert shows(printed, step.code), f"{step.code}isn't what was printed:\n{printed}"
            elif step.what == "stop":
                reader.press_ctrl_c(step.terminal)
        for number in list(reader.terminals):
            reader.close(number)
    return outputs


def written(step: Step) -> str:
    """The commands that save a block; a `~` is the reader's home."""
    file = f"~/{shlex.quote(step.file[2:])}" if step.file.startswith("~/") else shlex.quote(step.file)
    return f"mkdir -p \"$(dirname {file})\"\ncat >{file} <<'@@@'\n{step.code}@@@\n"


def copy_checkout(folder: Path) -> Path:
    """The files of this checkout that git knows, in a new folder, with its .venv."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (CHECKOUT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)  # with its time, by which make goes
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def processes_of(folder: Path) -> list[psutil.Process]:
    """The processes whose environment or folder is this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(folder) in str(process.environ().values()):
                found.append(process)
        except psutil.Error:  # it has ended, or is another user's
            continue
    return found
