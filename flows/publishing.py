"""Publish a folder of results whole or not at all.

Every run writes into a folder of its own, `data/runs/<run id>`, and `data/out` is a link to the one that is published.
Publishing turns the link, in one rename that the system does wholly or not at all: whoever looks, or is killed, at any
moment finds the former results complete or the new ones complete. What a dead run left is removed by a later `sweep`.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import filelock


class PublishError(Exception):
    """The results could not be written; the message is one sentence with its remedy, and `data/out` is as it was."""


def data() -> Path:
    """The folder for results: `data/` in the checkout, or what `WORKBOOK_DATA` names."""
    return Path(os.environ.get("WORKBOOK_DATA") or Path(__file__).resolve().parents[1] / "data").absolute()


def out() -> Path:
    return data() / "out"


@contextlib.contextmanager
def staging(run_id: str) -> Iterator[Path]:
    """A folder for one run to write into, protected from every `sweep` until the block ends, or the process does."""
    folder = data() / "runs" / run_id
    with plain_errors():
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
        lock.acquire()
    try:
        yield folder
    finally:
        lock.release()


def publish(folder: Path) -> None:
    """Make `folder`, complete as it is, what `data/out` shows. The former one stays until the next run's sweep,
    for whoever is still reading it.

    Raises:
        PublishError: it could not be done, and nothing has changed.
    """
    with plain_errors():
        if out().exists() and not _is_link(out()):
            raise PublishError(f"{out()} is a folder that this flow did not make: move it away and run again.")
        if os.name == "nt":  # not run by our tests; a link to a folder cannot be replaced in one step there
            import _winapi

            if _is_link(out()):
                out().rmdir()
            _winapi.CreateJunction(str(folder), str(out()))
        else:
            fresh = folder.with_suffix(".link")
            fresh.unlink(missing_ok=True)  # of a run that was killed right here, and is now retried
            fresh.symlink_to(Path("runs") / folder.name)
            fresh.replace(out())


def sweep() -> list[str]:
    """Remove the folders that are neither published nor in use by a living run.

    Returns:
        The ids of the runs whose folders were removed.
    """
    removed = []
    with plain_errors():
        for folder in [path for path in (data() / "runs").iterdir() if path.is_dir() and not path.is_symlink()]:
            lock = _lock(folder)
            with contextlib.suppress(filelock.Timeout), lock.acquire(blocking=False):
                if out().resolve() == folder.resolve():  # asked under its lock: nobody can be publishing it now
                    continue
                shutil.rmtree(folder)
                folder.with_suffix(".link").unlink(missing_ok=True)
                removed.append(folder.name)
            if not folder.exists():
                Path(lock.lock_file).unlink(missing_ok=True)
    return removed


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one sentence what kept a file from being written."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"Results could not be written to {error.filename or data()} ({error.strerror}): "
            "free space, fix its permissions, or set WORKBOOK_DATA to a folder of your own, and run again; what was "
            "published before is untouched."
        ) from None


def _lock(folder: Path) -> filelock.FileLock:
    return filelock.FileLock(folder.with_suffix(".lock"))


def _is_link(path: Path) -> bool:
    return path.is_symlink() or (os.name == "nt" and path.exists() and path.resolve() != path)
