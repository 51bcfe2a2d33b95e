"""The files of a submission, read from a folder or out of a zip, with limits on how many and how large.

A zip is read without being unpacked, so nothing in it can be written anywhere.
"""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MEGABYTES, FILES = 100, 500  # for one file, with its outputs; files of one submission
NOT_THEIRS = {"solutions", "tests", "__MACOSX", "node_modules"}  # folders in which no answer of a learner is


class Damaged(Exception):
    """A file can't be used; the message is the reason, to follow the file's name."""


def files_of(place: Path, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Notebooks and Python files by their names in the submission, in order."""
    count = 0
    for name, data in _in_zip(place, "", problems) if place.is_file() else _in_folder(place, problems):
        if (count := count + 1) > FILES:
            problems.append(f"There are more than {FILES} files: the rest, from {name} on, was not read.")
            return
        yield name, data


def _in_folder(folder: Path, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    root = folder.resolve()
    for where, folders, names in os.walk(folder, onerror=lambda error: problems.append(f"{error.filename}: {error}")):
        folders[:] = sorted(name for name in folders if _theirs(PurePosixPath(name)))
        for file in sorted(Path(where) / name for name in names if _wanted(name) or name.lower().endswith(".zip")):
            name = file.relative_to(folder).as_posix()
            if not _theirs(PurePosixPath(name)):
                continue
            if not file.resolve().is_relative_to(root):
                problems.append(f"{name} is a link to a file elsewhere: it was not read.")
            elif name.lower().endswith(".zip"):
                yield from _in_zip(file, f"{name}/", problems)
            else:
                try:
                    with file.open("rb") as opened:
                        yield name, _limited(opened)
                except OSError as error:
                    problems.append(f"{name} can't be read ({error.strerror}).")
                except Damaged as error:
                    problems.append(f"{name} {error}")


def _in_zip(file: Path, prefix: str, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(file) as opened:
            for member in sorted(opened.infolist(), key=lambda member: member.filename):
                path = PurePosixPath(member.filename.replace("\\", "/"))
                if member.is_dir() or not _wanted(path.name) or not _theirs(path):
                    continue
                name = f"{prefix}{path}"
                if path.is_absolute() or ".." in path.parts:
                    problems.append(f"{name} names a place outside its zip: it was not read.")
                    continue
                try:
                    with opened.open(member) as content:
                        yield name, _limited(content)
                except Damaged as error:
                    problems.append(f"{name} {error}")
                except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
                    # RuntimeError: it is encrypted, or packed in a way that Python doesn't know
                    problems.append(f"{name} can't be unpacked ({error}).")
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        problems.append(f"{prefix.rstrip('/') or file.name} can't be read as a zip ({error}): pack it again.")


def _wanted(name: str) -> bool:
    return name.lower().endswith((".ipynb", ".py"))


def _theirs(path: PurePosixPath) -> bool:
    return not any(part in NOT_THEIRS or (part.startswith(".") and part != "..") for part in path.parts)


def _limited(file: BinaryIO) -> bytes:
    data = file.read((MEGABYTES << 20) + 1)  # what a zip says of a size may be untrue
    if len(data) > MEGABYTES << 20:
        raise Damaged(f"is larger than {MEGABYTES} MB: clear its outputs, and hand it in again.")
    return data
