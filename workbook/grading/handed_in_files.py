"""The files of a submission, read from a folder or out of a zip, with limits on how many and how large.

A zip is read without being unpacked, so nothing in it can be written anywhere.
"""

import functools
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MEGABYTES, FILES = 100, 500  # for one file, with its outputs; files of one submission
NOT_THEIRS = {"solutions", "tests", "__MACOSX", "node_modules"}  # folders in which no answer of a learner is


Opened = Callable[[], BinaryIO]


def files_of(place: Path, problems: list[str]) -> Iterator[tuple[str, bytes]]:
    """Notebooks and Python files by their names in the submission, in order.

    Args:
        place: a folder or a zip.
        problems: what can't be read is added to them, in sentences.
    """
    for number, (name, opened) in enumerate(
        _in_zip(place, "", problems) if place.is_file() else _in_folder(place, problems)
    ):
        if number == FILES:
            problems.append(f"There are more than {FILES} files: the rest, from {name} on, was not read.")
            return
        try:
            with opened() as file:
                data = file.read((MEGABYTES << 20) + 1)  # what a zip says of a size may be untrue
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            problems.append(f"{name} can't be read ({error}).")
            continue
        if len(data) > MEGABYTES << 20:
            problems.append(f"{name} is larger than {MEGABYTES} MB: clear its outputs, and hand it in again.")
        else:
            yield name, data


def _in_folder(folder: Path, problems: list[str]) -> Iterator[tuple[str, Opened]]:
    root = folder.resolve()
    for where, folders, names in os.walk(folder, onerror=lambda error: problems.append(f"{error}.")):
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
                yield name, functools.partial(file.open, "rb")


def _in_zip(file: Path, prefix: str, problems: list[str]) -> Iterator[tuple[str, Opened]]:
    try:
        with zipfile.ZipFile(file) as packed:
            for member in sorted(packed.infolist(), key=lambda member: member.filename):
                path = PurePosixPath(member.filename.replace("\\", "/"))
                name = f"{prefix}{path}"
                if member.is_dir() or not _wanted(path.name) or not _theirs(path):
                    continue
                if path.is_absolute() or ".." in path.parts:
                    problems.append(f"{name} names a place outside its zip: it was not read.")
                elif member.flag_bits & 1:
                    problems.append(f"{name} is encrypted: pack it again without a password.")
                else:
                    yield name, functools.partial(packed.open, member)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        problems.append(f"{prefix.rstrip('/') or file.name} can't be read as a zip ({error}): pack it again.")


def _wanted(name: str) -> bool:
    return name.lower().endswith((".ipynb", ".py"))


def _theirs(path: PurePosixPath) -> bool:
    return not any(part in NOT_THEIRS or (part.startswith(".") and part != "..") for part in path.parts)
