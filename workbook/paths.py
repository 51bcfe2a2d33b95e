"""Where things are: this process, the checkout, what the workbook keeps, and the files that commands write."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KERNEL, KERNEL_NAME = "prefect-workbook", "Prefect workbook"  # what notebooks ask for: see pyproject.toml, kernel.json


def home() -> Path:
    """The folder that holds everything the workbook keeps: `.workbook/` in the checkout, or `WORKBOOK_HOME`."""
    return Path(os.environ.get("WORKBOOK_HOME") or ROOT / ".workbook").absolute()


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def command(words: str) -> str:
    """A command of the workbook's as it is typed here: in a notebook's cell after a `!`."""
    return f"`{'!' if in_notebook() else ''}workbook {words}`"


class OutputError(Exception):
    """A file cannot be written; the message is one sentence with its remedy."""


def prepare(path: str | Path, option: str, kinds: tuple[str, ...] = ()) -> Path:
    """Make sure that a file can be written later.

    Args:
        path: where to; its folder must be there.
        option: what the path was given as, for the message.
        kinds: the endings that it may have; any, if none are named.

    Raises:
        OutputError: it cannot.
    """
    path = Path(path).absolute()
    if kinds and path.suffix.lower() not in kinds:
        raise OutputError(f"{option} must end in {' or '.join(kinds)} (got {path.name!r}).")
    if not path.parent.is_dir():
        raise OutputError(f"{option} can't be written: there is no folder {path.parent}. Create it, or choose another.")
    try:
        exists = path.exists()
        with path.open("ab"):  # changes nothing that is there, and finds out all that can be wrong
            pass
        if not exists:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{option} can't be written to {path} ({error.strerror}). Choose another file.") from None
    return path


def shown(path: Path) -> str:
    """A path as it is printed: from the current folder, if it is in there."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
