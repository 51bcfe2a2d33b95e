"""`workbook grade --class`: every submission of a class, judged by as many graders at once as the machine bears.

Two answers with the same text are one answer: it is judged once, and both get its verdict. Each verdict is kept in the
report's folder as soon as it is there, so a grading that was interrupted goes on where it stopped, and only what has
changed is judged again.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import queue
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workbook import paths
from workbook.grading import class_report, handed_in, verdict_files
from workbook.grading.engine import unjudged
from workbook.grading.exercises import all_exercises, find
from workbook.grading.grader import Grader
from workbook.grading.model import NOT_JUDGED, Exercise, Source, Verdict
from workbook.grading.shown import ShownVerdict
from workbook.grading.submissions import SubmissionError
from workbook.prefect_server.local import ServerError

GRADER_BYTES = 1 << 30  # what a grading process, its server and its answer take together, with room to spare
IN_A_ROW = 3  # answers that fail because of the grading server, before it is the server that has to be looked at
SPEED_SECONDS = 600  # over which the time left is estimated: one answer takes a second, another two minutes

Answer = tuple[Exercise, Source]


@dataclass(frozen=True)
class Kept:
    """A verdict as it is kept: its run is a figure by now, with its text equivalent; both are empty without a run."""

    outcome: str
    message: str
    printed: str
    seconds: float
    figure: str = ""
    alt: str = ""


class Store:
    """The verdicts that are kept in a folder, by a key made of the answer and of the workbook that judges it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drawing = threading.Lock()  # matplotlib draws one figure at a time

    def key(self, answer: Answer) -> str:
        exercise, source = answer
        text = "\0".join((_workbook(), exercise.id, source.entry, source.text))
        return f"{exercise.id}-{hashlib.sha256(text.encode(errors='backslashreplace')).hexdigest()[:20]}"

    def get(self, key: str) -> Kept | None:
        try:
            return Kept(**json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # it was not judged yet, or was cut off: it is judged again
            return None

    def put(self, key: str, verdict: Verdict) -> None:
        with self._drawing:
            picture = ShownVerdict(verdict).picture
            figure, alt = (f"{key}.png", picture.alt) if picture else ("", "")
            if picture:
                picture.save(self.folder / figure)
        kept = Kept(verdict.outcome, verdict.message, verdict.printed, verdict.seconds, figure, alt)
        whole = self.folder / f"{key}.new"
        verdict_files.write_json(whole, asdict(kept))
        whole.replace(self.folder / f"{key}.json")


@functools.cache
def _workbook() -> str:
    """A digest of all code that a verdict depends on: another version of the workbook judges anew."""
    found = hashlib.sha256()
    for file in sorted(file for folder in ("workbook", "flows") for file in (paths.ROOT / folder).rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()


def grade_class(
    ids: list[str], console: Console, folder: Path, out: Path, jobs: int | None = None, columns: str = ""
) -> bool:
    """Judge a class and write its report.

    Args:
        ids: which exercises; all if none is named.
        console: where to print.
        folder: it has a sub-folder or a zip for each learner.
        out: the report's folder; it is made, or is that of an earlier report, whose verdicts are used again.
        jobs: how many answers are judged at once; by default what processors and memory allow.
        columns: those of grades.csv, as `class_report.columns_of` reads them.

    Returns:
        Whether every answer was judged.

    Raises:
        UnknownExercise, SubmissionError, OutputError, ColumnError, ServerError: with one sentence and its remedy.
    """
    chosen = tuple(find(exercise_id) for exercise_id in ids) or all_exercises()
    table = class_report.columns_of(columns, chosen)
    submissions, beside = _read_class(folder, out)
    store = Store(_prepared(out) / "judged")
    for submission in submissions:
        for problem in submission.problems:
            console.print(f"{submission.name}: {problem}", style="yellow", highlight=False, markup=False)
    without_run: dict[tuple[str, str], Verdict] = {}
    to_run: dict[tuple[str, str], Answer] = {}
    for submission in submissions:
        for exercise in chosen:
            answer, place = submission.found.get(exercise.id), (submission.name, exercise.id)
            source = Source(exercise.entry, answer.text) if answer else None
            if verdict := unjudged(exercise, source):
                without_run[place] = verdict
            else:
                to_run[place] = (exercise, source)
    keys = {place: store.key(answer) for place, answer in to_run.items()}
    different = {keys[place]: answer for place, answer in to_run.items()}
    left = {key: answer for key, answer in different.items() if store.get(key) is None}
    counts = f"{len(submissions)} submissions, {len(to_run)} answers, {len(different)} of them different"
    console.print(f"{counts}; {len(left)} to judge.", highlight=False)
    failed = _judge(left, store, jobs or jobs_that_fit(), console) if left else {}
    graded = []
    for submission in submissions:
        verdicts, figures = [], {}
        for exercise in chosen:
            place = (submission.name, exercise.id)
            if place in without_run:
                verdicts.append((exercise, without_run[place]))
            elif kept := store.get(keys[place]):
                verdict = Verdict(exercise.id, kept.outcome, kept.message, printed=kept.printed, seconds=kept.seconds)
                verdicts.append((exercise, verdict))
                figures |= {exercise.id: (store.folder / kept.figure, kept.alt)} if kept.figure else {}
            else:
                verdicts.append((exercise, Verdict(exercise.id, NOT_JUDGED, failed[keys[place]])))
        graded.append(class_report.Graded(submission, verdicts, figures))
    class_report.write(out, graded, table, beside, f"{counts}.")
    console.print(f"Report: {paths.shown(out / 'summary.md')}", highlight=False, soft_wrap=True)
    for reason in sorted(set(failed.values())):
        console.print(f"Not judged: {reason} Run the same command again.", style="red", highlight=False, markup=False)
    return not failed


def jobs_that_fit() -> int:
    """How many graders this machine bears: one more than processors, since answers also wait, if memory allows."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors + 1, psutil.virtual_memory().available // GRADER_BYTES))


def _read_class(folder: Path, out: Path) -> tuple[list[handed_in.HandedIn], list[str]]:
    """The submissions in a folder, and the names of what lies beside them and is none."""
    if not folder.is_dir():
        raise SubmissionError(f"--class needs a folder with a sub-folder or a zip for each learner (got {folder}).")
    shown = [file for file in sorted(folder.iterdir()) if not file.name.startswith((".", "__MACOSX"))]
    places = [file for file in shown if file.is_dir() or file.suffix.lower() == ".zip"]
    places = [place for place in places if place.resolve() != out.resolve()]
    if not places:
        raise SubmissionError(f"There is no submission in {folder}: it needs a sub-folder or a zip for each learner.")
    found: dict[str, handed_in.HandedIn] = {}
    for place in places:
        submission = handed_in.read(place)
        if submission.name in found:  # ann and ann.zip
            submission = handed_in.HandedIn(place.name, submission.found, submission.problems)
        found[submission.name] = submission
    return list(found.values()), [file.name for file in shown if file not in places and file.resolve() != out.resolve()]


def _prepared(out: Path) -> Path:
    """The report's folder, which has nothing of anybody else's in it."""
    try:
        if out.exists() and not out.is_dir():
            raise paths.OutputError(f"--out must be a folder ({out} is a file).")
        if out.is_dir() and any(out.iterdir()) and not (out / "judged").is_dir():
            raise paths.OutputError(
                f"--out must be a new folder or one with an earlier report ({out} has other files)."
            )
        (out / "judged").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise paths.OutputError(f"--out can't be written to {out} ({error.strerror}). Choose another folder.") from None
    return out


def _judge(left: dict[str, Answer], store: Store, jobs: int, console: Console) -> dict[str, str]:
    """Judge answers, and keep each verdict; returns why some could not be judged, by their keys."""
    stop, free, failed, in_a_row = threading.Event(), queue.SimpleQueue(), {}, 0
    graders = [Grader(place, say=lambda text: None) for place in range(min(jobs, len(left)))]
    for grader in graders:
        free.put(grader)

    def judge(key: str) -> str:
        if stop.is_set():
            return ""
        exercise, source = left[key]
        grader, reason = free.get(), ""
        try:
            for _ in range(2):  # a grading server that has stopped is started again
                try:
                    store.put(key, grader.judge(exercise.id, source))
                    return ""
                except ServerError as error:
                    if stop.is_set():
                        raise
                    reason = str(error)
            return reason
        finally:
            free.put(grader)

    looks = [TextColumn("Judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True)]
    pool = concurrent.futures.ThreadPoolExecutor(len(graders))
    try:
        with Progress(*looks, console=console, speed_estimate_period=SPEED_SECONDS) as bar:
            task = bar.add_task("", total=len(left))
            for future, key in _as_they_end({pool.submit(judge, key): key for key in left}):
                bar.advance(task)
                reason = future.result()
                in_a_row = in_a_row + 1 if reason else 0
                failed |= {key: reason} if reason else {}
                if in_a_row == IN_A_ROW:
                    raise ServerError(f"{reason} The verdicts so far are kept: run the same command to go on.")
    except BaseException as error:  # what is being judged must end
        stop.set()
        if isinstance(error, KeyboardInterrupt):
            console.print("The verdicts so far are kept: run the same command to go on.")
        raise
    finally:
        for grader in graders:
            grader.close()
        pool.shutdown(cancel_futures=True)
    return failed


def _as_they_end(keys: dict[concurrent.futures.Future, str]) -> Iterator[tuple[concurrent.futures.Future, str]]:
    pending = set(keys)
    while pending:  # Windows hears Ctrl-C only between two waits
        done, pending = concurrent.futures.wait(pending, 1, concurrent.futures.FIRST_COMPLETED)
        yield from ((future, keys[future]) for future in done)
