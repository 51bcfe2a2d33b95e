"""What is published in `data/out` before and after a run, for the exercises that publish all or nothing."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer

FORMER = {"former.json": '"what was published before"'}
SWEPT = (
    "`publishing.sweep()` removes every folder that is neither published nor inside its `with` block: call the "
    "clean-ups inside that block."
)
FORMER_RUN = "run-of-the-grader-"  # with a number: no answer has a folder of this name


def publish_former(answer: Answer) -> None:
    """Publish a folder, as if by a run of the day before: `data/out` is a link to it."""
    former = answer.folder / "data" / "runs" / f"{FORMER_RUN}{answer.rng.randrange(10**6)}"
    former.mkdir(parents=True)
    for name, text in FORMER.items():
        (former / name).write_text(text, encoding="utf-8")
    out(answer).symlink_to(former, target_is_directory=True)


def out(answer: Answer) -> Path:
    """What is published."""
    return answer.folder / "data" / "out"


@dataclass(frozen=True)
class Shown:
    """What is published at a moment.

    Args:
        folder: the folder that the link leads to; None if there is none.
        files: its files with their text.
        marks: of the link and of the folder, values that differ after every change, even one that was undone.
    """

    folder: Path | None
    files: dict[str, str] | None
    marks: tuple


def shown(answer: Answer) -> Shown:
    """What is published now."""
    link = out(answer)
    try:
        folder = link.resolve(strict=True)
        marks = tuple((found.st_ino, found.st_ctime_ns) for found in (link.lstat(), folder.stat()))
    except (OSError, RuntimeError):  # nothing there, or a link to itself
        return Shown(None, None, ())
    return Shown(folder, contents(folder), marks)


def contents(folder: Path) -> dict[str, str] | None:
    """The files of a folder with their text, or what is there instead of a file; None if it isn't a folder."""
    try:
        return {file.name: _text(file) for file in folder.iterdir()}
    except OSError:
        return None


def still_published(answer: Answer, before: Shown, failed: int) -> None:
    """What was published before a run in which a query failed is still published, and was at every moment."""
    now = shown(answer)
    expected = "What was published before should stay as it was: all of the new results, or none."
    if now == before:
        return
    if now.files is None or (not now.files and now.folder == before.folder):
        raise NotYet(
            f"After query {failed} had failed, {'nothing' if now.files is None else 'an empty folder'} was published.",
            expected, "Don't remove the former folder before the new one is complete.",
        )  # fmt: skip
    if now.folder == before.folder:
        if now.files == before.files:
            raise NotYet(
                f"After query {failed} had failed, data/out showed the former files again, but your flow had changed "
                "it in between.",
                expected,
                "A reader may look in between: publish last, when you know that every query went well.",
            )
        _written_into(answer, before, now, expected)
    raise NotYet(
        f"After query {failed} had failed, a folder of {len(now.files)} files was published.",
        expected,
        "Publish last, when every result is there"
        + ("; a `finally` also runs after a failure." if "finally:" in answer.source.text else "."),
    )


def now_published(
    answer: Answer, before: Shown, wanted: Mapping[str, object], earlier: Collection[str] = (), swept: bool = False
) -> None:
    """Just these files are published, in a new folder.

    Args:
        answer: the learner's.
        before: what was published before the run.
        wanted: the content of each file, by name.
        earlier: the names of the files that its earlier runs should have written.
        swept: whether the run has called `publishing.sweep()`.
    """
    now = shown(answer)
    expected = f"data/out should show {len(wanted)} files: {', '.join(wanted)}."
    if now.files is None:
        if out(answer).is_symlink():
            target = out(answer).readlink()
            raise NotYet(
                f"After a run that went well, data/out is a link to {str(target)!r}, and there is no such folder.",
                expected,
                "A relative link starts from data/, where it lies: use `publishing.publish(folder)`."
                if target.name == str(target)
                else SWEPT if swept else "Publish the folder that the run wrote into, and leave it there.",
            )  # fmt: skip
        raise NotYet("After a run that went well, data/out isn't a folder.", expected)
    if now.folder == out(answer):
        raise NotYet(
            "Your flow replaced the link data/out with a folder.", "It should switch to the new folder in one step.",
            "Only a link can be switched in one step, as `publishing.publish(folder)` does. A folder must be removed "
            "and filled again, and a reader who looks in between finds nothing, or a part.",
        )  # fmt: skip
    if now.folder == before.folder:
        if now.files == before.files:
            raise NotYet(
                "After a run that went well, data/out still shows the former folder.", expected,
                "`publishing.publish(folder)` makes the new one visible.",
            )  # fmt: skip
        _written_into(answer, before, now, expected)
    if set(now.files) != set(wanted):
        others = set(now.files) - set(wanted)
        raise NotYet(
            f"data/out shows {len(now.files)} files: {', '.join(sorted(now.files)) or 'none'}.", expected,
            "The others are from an earlier run. Name the folder after the run, inside the flow: "
            "`publishing.staging(str(flow_run.id))`. A name made outside the flow, or in a default value, is made only "
            "once."
            if others and others <= set(earlier) else "",
        )  # fmt: skip
    _hold(now.files, wanted)


def written(answer: Answer, before: Shown, wanted: Mapping[str, object], swept: bool = False) -> None:
    """These files are in one folder, published or not, and the folder that was published before is as it was.

    Args:
        answer: the learner's.
        before: what was published before the run.
        wanted: the content of each file, by name.
        swept: whether the run has called `publishing.sweep()`.
    """
    data = answer.folder / "data"
    folders = [path for path in data.rglob("*") if path.is_dir() and not path.is_symlink()]
    found = [contents(path) or {} for path in folders if path not in (data / "runs", before.folder)]
    best = max(found, key=lambda files: len(set(files) & set(wanted)), default={})
    expected = f"The run's own folder should hold {len(wanted)} files: {', '.join(wanted)}."
    if contents(before.folder) != before.files:
        _written_into(answer, before, Shown(before.folder, contents(before.folder) or {}, ()), expected)
    if not found and swept:
        raise NotYet(
            "After your flow had ended, its folder was gone.", expected, SWEPT,
        )  # fmt: skip
    if set(wanted) - set(best):
        if aside := next((place for place in (data, data / "runs") if set(wanted) <= set(contents(place) or {})), None):
            raise NotYet(
                f"Your flow's files are in {aside.relative_to(answer.folder)}/ itself.", expected,
                "Pass the folder that `publishing.staging(…)` gives you to each task.",
            )  # fmt: skip
        raise NotYet(
            f"After your flow had ended, its folder held {', '.join(sorted(best)) or 'no files'}.", expected,
            "Call `save(folder, index, rows)` in the task of each query.",
        )  # fmt: skip
    _hold(best, wanted)


def _hold(files: Mapping[str, str], wanted: Mapping[str, object]) -> None:
    """Each of these files holds what it should, as JSON."""
    for name, content in wanted.items():
        if _read(files[name]) != content:
            raise NotYet(
                f"{name} holds {files[name][:60]!r} …", f"It should hold, as JSON, {json.dumps(content)[:60]} …"
            )


def _written_into(answer: Answer, before: Shown, now: Shown, expected: str) -> None:
    """Tell that files of the published folder changed: the grader's folder, or one that the answer published."""
    changed = sorted(name for name, text in now.files.items() if before.files.get(name) != text)
    gone = sorted(set(before.files) - set(now.files))
    did = f"wrote {', '.join(changed)} into" if changed else f"removed {', '.join(gone)} from"
    where = before.folder.relative_to(answer.folder) if before.folder.is_relative_to(answer.folder) else before.folder
    if before.folder.name.startswith(FORMER_RUN):
        raise NotYet(
            f"Your flow {did.replace(' into', ' straight into')} the published folder.", expected,
            "A reader who looks too early finds only a part, and a failure leaves it there: write into the run's own "
            "folder, `publishing.staging(…)`, and publish it when it is complete.",
        )  # fmt: skip
    raise NotYet(
        f"Your flow {did} {where}, the folder that your run before had published.", expected,
        "If the folder always has the same name, the next run overwrites it: name it after the run, "
        "`publishing.staging(str(flow_run.id))`.",
    )  # fmt: skip


def _text(file: Path) -> str:
    if file.is_symlink():
        return "(a link)"
    if not file.is_file():
        return "(a folder)" if file.is_dir() else "(no regular file)"
    try:
        return file.read_bytes().decode(errors="backslashreplace")
    except OSError as error:
        return f"(cannot be read: {error.strerror})"


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
