"""Lesson 6: what makes a flow fit for production: retries, a clean-up that always runs, publishing all or nothing."""

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run
from workbook.timeline import Timeline
from workbook.work import FLAKY, hang_ups, together

SECONDS = 0.1  # of each query
FOR_GOOD = 99  # more hang-ups than anybody tries
NUMBERS = range(6, 20)  # of the queries: apart from the small numbers that a message may hold besides
FORMER = {"former.json": '"what was published before"'}


def retried(answer: Answer) -> None:
    """One run in which trying again helps, and one in which it does not."""
    indexes = answer.chance.sample(NUMBERS, 5)
    once, twice = answer.chance.sample(indexes, 2)
    with_hang_ups(answer, {once: 1, twice: 2})
    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
    expect.tries(seen, dict.fromkeys(indexes, 1) | {once: 2, twice: 3}, SECONDS)
    expect.result(seen, expect.rows_of(indexes))
    side_by_side(seen, indexes)

    indexes = answer.chance.sample(NUMBERS, 3)
    dead = answer.chance.choice(indexes)
    with_hang_ups(answer, {dead: FOR_GOOD})
    seen = answer(indexes, SECONDS)
    expect.tries(seen, dict.fromkeys(asked(seen), 1) | {dead: 3}, SECONDS)
    expect.failed(seen, [dead])


def cleaned(answer: Answer) -> None:
    """One run that goes well, and one in which the first query fails while another is held."""
    indexes = answer.chance.sample(NUMBERS, 4)
    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
    expect.asked_in_tasks(seen, indexes, SECONDS)
    side_by_side(seen, indexes)
    cleaned_up(seen, "cleanup")
    expect.result(seen, expect.rows_of(indexes))

    indexes = answer.chance.sample(NUMBERS, 5)
    dead = [indexes[0], answer.chance.choice(indexes[1:])]
    seen = with_one_held(answer, indexes, dead)
    expect.inside_tasks(seen, asked(seen))
    all_asked(seen, indexes, dead[0])
    expect.took(seen, SECONDS)
    cleaned_up(seen, "cleanup", failed=dead[0])
    expect.failed(seen, dead)


def published(answer: Answer) -> None:
    """One run in which a query fails, which must change nothing, and two that go well, each in a new folder."""
    publish_former(answer)
    before = shown(answer)
    indexes = answer.chance.sample(NUMBERS, 4)
    dead = indexes[-1]  # an answer that collects in order has the results of the others then
    with_hang_ups(answer, {dead: FOR_GOOD})
    seen = answer(indexes, SECONDS)
    expect.inside_tasks(seen, {dead} | asked(seen))
    still_published(answer, before, dead)
    expect.failed(seen, [dead])
    with_hang_ups(answer, {})

    for count in (3, 2):
        before = shown(answer)
        indexes = answer.chance.sample(NUMBERS, count)
        seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
        expect.completed(seen)
        expect.asked_in_tasks(seen, indexes, SECONDS)
        rows = dict(zip(indexes, expect.rows_of(indexes), strict=True))
        now_published(answer, before, {f"{index:02d}.json": rows[index] for index in indexes})
        if contents(before.folder) != before.files:
            raise NotYet(
                "The folder that was published before was changed or removed.", "It should stay as it was.",
                "Somebody may just be reading it: turn the link, and leave the tidying to a later run.",
            )  # fmt: skip
        side_by_side(seen, indexes)
        expect.result(seen, [f"{index:02d}.json" for index in indexes])


# ----------------------------------------
# For this lesson and the capstone


def with_hang_ups(answer: Answer, times: Mapping[int, int]) -> Path:
    """Have the database hang up on these queries in the next run, so often each.

    Returns:
        The folder in which the hang-ups are counted.
    """
    folder = answer.folder / f"hang-ups-{len(answer.runs)}"
    folder.mkdir(exist_ok=True)
    answer.environment(**{FLAKY: hang_ups(times, folder)})
    return folder


def with_one_held(answer: Answer, indexes: Sequence[int], dead: Sequence[int], tries: int = 1) -> Run:
    """Run the answer while the database hangs up on some queries for good, and hold another query at a gate.

    It is held until the first of the dead ones has failed so often, and a while longer: what an answer does at once
    because of that failure, it does before the held query has ended.
    """
    counted = with_hang_ups(answer, dict.fromkeys(dead, FOR_GOOD))
    alive = [index for index in indexes if index not in dead]
    gate = Path(answer.gate([(alive[-1:], 2)]))  # waits for one more than will ever come
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(answer, indexes, SECONDS, gate=str(gate))
        while not run.done():
            if (gate / "first").exists() and len(list(counted.glob(f"{dead[0]}-*"))) >= tries:
                took = float((gate / "first").read_text() or 0)  # what it took until the held query came
                wait([run], timeout=max(0.5, 2 * took))
                (gate / "open").touch()
                break
            wait([run], timeout=0.05)  # files announce nothing
        return run.result()


def asked(seen: Run) -> set[int]:
    """The queries that were asked: all, or fewer where the first failure rightly ends a flow.

    `futures.result()` of a mapped task raises as soon as one has failed, and Prefect then drops what had not begun.
    """
    return {note.index for note in seen.asked}


def all_asked(seen: Run, indexes: Collection[int], failed: int) -> None:
    """Every query was asked, in a run in which one of them failed."""
    if asked(seen) and (dropped := sorted(set(indexes) - asked(seen))):
        raise NotYet(
            f"When query {failed} had failed, your flow ended before query {dropped[0]} had begun.",
            "Every query should end, well or badly, before the flow does.",
            "What has not begun when the flow ends is dropped: wait(futures) waits for all of them.",
        )


def queries(seen: Run) -> Timeline:
    """The task runs in which queries were asked."""
    homes = {note.task_run_id for note in seen.asked}
    return Timeline(tuple(span for span in seen.timeline if span.id in homes))


def side_by_side(seen: Run, indexes: Collection[int]) -> None:
    """Two queries at least were in flight together, at a gate that waited for two."""
    if not together(seen.asked, [(sorted(indexes), 2)]):
        raise NotYet("Your queries ran one at a time.", "They should run side by side.", expect.why(queries(seen)))


def cleaned_up(seen: Run, name: str, failed: int | None = None) -> Timeline:
    """This clean-up ran once, well, and after every query had ended.

    Args:
        seen: the run.
        name: the name of its task.
        failed: a query that failed for good in this run.

    Returns:
        The clean-up's task run.
    """
    found = [span for span in seen.timeline if span.task == name or span.name.rpartition("-")[0] == name]
    expected = f"{name} should run once, after every query has ended{', also when one has failed' if failed else ''}."
    if not found:
        raise NotYet(
            f"There was no task run of {name!r}{f' when query {failed} failed' if failed else ''}.", expected,
            "An error that .result() raises skips the lines after it." if failed
            else f"Submit the task {name}: calling a plain function makes no task run.",
        )  # fmt: skip
    if len(found) > 1:
        raise NotYet(
            f"{name!r} ran {len(found)} times.", expected, "It should follow all of the queries, not each of them."
        )
    if found[0].start is None:
        raise NotYet(
            f"{name!r} was submitted but never began{f' when query {failed} had failed' if failed else ''}.", expected,
            "Everything in wait_for must succeed, or Prefect leaves out the task that waits: call wait(futures) before "
            "you submit it, or use allow_failure(future).",
        )  # fmt: skip
    if found[0].state != "COMPLETED":
        raise NotYet(f"{name!r} ended {found[0].state}.", "It should complete.")
    spans = queries(seen)
    if not Timeline.before(spans, found):
        late = max(spans, key=lambda span: float("inf") if span.end is None else span.end)
        raise NotYet(
            f"{name!r} began before {late.name} had ended.", expected,
            f"When query {failed} has failed, the others may still be going: wait(futures) waits for all of them."
            if failed else "Wait for all futures before you submit it, or name them in wait_for.",
        )  # fmt: skip
    return Timeline(tuple(found))


def publish_former(answer: Answer) -> None:
    """Publish a folder, as if by a run of the day before: `data/out` is a link to it."""
    former = answer.folder / "data" / "runs" / "former"
    former.mkdir(parents=True)
    for name, text in FORMER.items():
        (former / name).write_text(text)
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
        marks: of the link and of the folder, what is another after each change to them, also one that was undone.
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
    """The files of a folder with their text, or what is there in place of a file; None if it is no folder."""
    try:
        return {file.name: _text(file) for file in folder.iterdir()}
    except OSError:
        return None


def _text(file: Path) -> str:
    if file.is_symlink():
        return "(a link)"
    if not file.is_file():
        return "(a folder)" if file.is_dir() else "(no regular file)"
    try:
        return file.read_bytes().decode(errors="backslashreplace")
    except OSError as error:
        return f"(cannot be read: {error.strerror})"


def still_published(answer: Answer, before: Shown, failed: int) -> None:
    """What was published before a run in which a query failed is so after it, and was so all the while."""
    now = shown(answer)
    expected = "What was published before should stay as it was: all of the new results, or none."
    if now == before:
        return
    if now.files is None or (not now.files and now.folder == before.folder):
        raise NotYet(
            f"When query {failed} had failed, {'nothing' if now.files is None else 'an empty folder'} was published.",
            expected, "Don't remove the former folder in advance.",
        )  # fmt: skip
    if now.folder == before.folder:
        if now.files == before.files:
            raise NotYet(
                f"When query {failed} had failed, data/out showed the former files again, but your flow had changed it "
                "in between.",
                expected,
                "Don't publish and take it back: somebody may look in between. Publish last, when you know that every "
                "query went well.",
            )
        _written_into(answer, before, now, expected)
    raise NotYet(
        f"When query {failed} had failed, a folder of {len(now.files)} files was published.",
        expected,
        "Publish last: when every result is there, and not in a `finally`.",
    )


def now_published(answer: Answer, before: Shown, wanted: Mapping[str, object]) -> None:
    """Just these files are published, in a new folder."""
    now = shown(answer)
    expected = f"data/out should show {len(wanted)} files: {', '.join(wanted)}."
    if now.files is None:
        raise NotYet("After a run that went well, data/out is no folder.", expected)
    if now.folder == out(answer):
        raise NotYet(
            "Your flow replaced the link data/out with a folder.", "It should switch to the new folder in one step.",
            "Only a link can be turned in one step, as publishing.publish(folder) does; a folder has to be removed and "
            "filled, and in between a reader finds nothing, or a part.",
        )  # fmt: skip
    if now.folder == before.folder:
        if now.files == before.files:
            raise NotYet(
                "After a run that went well, data/out still shows the former folder.", expected,
                "publishing.publish(folder) makes the new one visible.",
            )  # fmt: skip
        _written_into(answer, before, now, expected)
    if set(now.files) != set(wanted):
        raise NotYet(f"data/out shows {len(now.files)} files: {', '.join(sorted(now.files)) or 'none'}.", expected)
    for name, content in wanted.items():
        if _read(now.files[name]) != content:
            raise NotYet(
                f"{name} holds {now.files[name][:60]!r} …", f"It should hold, as JSON, {json.dumps(content)[:60]} …"
            )


def _written_into(answer: Answer, before: Shown, now: Shown, expected: str) -> None:
    """Files of the published folder changed: one that the grader published, or one of the answer's own."""
    changed = sorted(name for name, text in now.files.items() if before.files.get(name) != text)
    gone = sorted(set(before.files) - set(now.files))
    did = f"wrote {', '.join(changed)} into" if changed else f"removed {', '.join(gone)} from"
    where = before.folder.relative_to(answer.folder) if before.folder.is_relative_to(answer.folder) else before.folder
    if before.folder.name == "former":
        raise NotYet(
            f"Your flow {did.replace(' into', ' straight into')} the published folder.", expected,
            "If somebody looks meanwhile, or the flow fails, only a part is there: write into the run's own folder, "
            "publishing.staging(…), and publish it as a whole.",
        )  # fmt: skip
    raise NotYet(
        f"Your flow {did} {where}, the folder that your run before had published.", expected,
        "Each run needs its own folder: name it after the run, publishing.staging(str(flow_run.id)).",
    )  # fmt: skip


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


EXERCISES = (
    Exercise(
        id="6.1",
        title="A flaky query",
        minutes=10,
        entry="persistent",
        contract=(
            "Write the flow persistent(indexes, seconds). It asks all queries side by side with ask(index, seconds), "
            "each in a task run of its own, and returns their rows in the order of `indexes`. The database hangs up on "
            "some of them: such a query is tried again after 0.1 s, up to three tries in all, as tries of the same "
            "task run. A query on which it hangs up three times fails the flow, with an error that names the query."
        ),
        hints=(
            "Which part of the work failed, and should be repeated: the flow, or the one task?",
            "Prefect repeats a task run for you: see retries and retry_delay_seconds of @task. Do not catch the error.",
            "@task(retries=2, retry_delay_seconds=0.1): two more tries after the first. The flow submits and collects "
            "as ever.",
        ),
        grade=retried,
    ),
    Exercise(
        id="6.2",
        title="Clean-up after failure",
        minutes=15,
        entry="tidy",
        contract=(
            "Write the flow tidy(indexes, seconds). It asks all queries side by side, each in a task run of its own. "
            "When every one has ended, well or badly, the task cleanup runs, once, as a task run. If all went well, "
            "the flow returns their rows in the order of `indexes`. Otherwise it ends Failed, and its error names by "
            "number every query that failed, and no other."
        ),
        hints=(
            "What does .result() do when its task has failed, and what happens to the lines behind it?",
            "prefect.futures.wait(futures) waits for all and raises nothing. future.state tells how each ended.",
            "wait(futures); cleanup.submit().result(); then the numbers whose future.state is not completed: if there "
            "are any, raise an error of your own with them, and else return the results.",
        ),
        grade=cleaned,
    ),
    Exercise(
        id="6.3",
        title="Publish all or nothing",
        minutes=15,
        entry="publish_nightly",
        contract=(
            "Write the flow publish_nightly(indexes, seconds). It asks all queries side by side, each in a task run of "
            "its own, and writes the rows of query 7 as JSON to a file 07.json, and so on. If all went well, data/out "
            "(`publishing.out()`) shows a new folder with just these files, and the flow returns their names in the "
            "order of `indexes`. If one failed, the flow ends Failed, its error names that query, and data/out shows "
            "the former folder, untouched. At no moment does it show a part."
        ),
        hints=(
            "Where can the tasks write so that nobody looks there yet, and what is the last thing that the flow does?",
            "flows/publishing.py has staging(run_id), a folder for one run, and publish(folder). prefect.runtime has "
            "flow_run.id.",
            "with publishing.staging(str(flow_run.id)) as folder: submit with str(folder) among the arguments, collect "
            "every .result(), and only then publishing.publish(folder).",
        ),
        grade=published,
    ),
)
