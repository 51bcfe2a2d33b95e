"""Files that commands write: refused before a long run when they could not be written after it."""

import os
from pathlib import Path


class OutputError(Exception):
    """A file cannot be written; the message is one sentence with its remedy."""


def prepare(path: str | Path, option: str, kinds: tuple[str, ...] = ()) -> Path:
    """Make sure that a file can be written later; its folder is made.

    Args:
        path: where to.
        option: what the path was given as, for the message.
        kinds: the endings that it may have; any, if none are named.

    Raises:
        OutputError: it cannot.
    """
    path = Path(path).absolute()
    if kinds and path.suffix.lower() not in kinds:
        raise OutputError(f"{option} must end in {' or '.join(kinds)}, and {path.name!r} does not: rename it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        exists = path.exists()
        with path.open("ab"):  # changes nothing that is there, and finds out all that can be wrong
            pass
        if not exists:
            path.unlink()
    except OSError as error:
        raise OutputError(f"{option} cannot be written to {path} ({error.strerror}): name another file.") from None
    return path


def shown(path: Path) -> str:
    """A path as it is printed: from the current folder, if it is in there."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
