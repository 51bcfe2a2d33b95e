"""The grader of exercise 5.3: a secret that must not be in any record, log or output of a run."""

import base64
import contextlib
import json
import random
import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.sorting import TaskRunSort
from prefect.events.filters import EventFilter, EventOccurredFilter

from workbook.grading.evidence import Run, clear_storage, storage
from workbook.grading.exercises import leaks
from workbook.grading.exercises.left_files import left_files
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer, AnswerAborted
from workbook.runs.records import PAGE, family

OUTPUT = "your flow's output"
MADE_UP = re.compile(  # ids, names of runs, moments
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b|-[0-9a-f]{3}\b|\b\d{4}-\d\d-\d\d\b|\d\d:\d\d:\d\d(?:\.\d+)?"
)
NUMBERS = re.compile(r"\d+")  # which differ by themselves, or tell of a password


def from_environment(answer: Answer) -> None:
    """The secret is read from the environment in each run, and shows up nowhere."""
    with get_client(sync_client=True) as client:
        for variable in client.read_variables(limit=PAGE):  # left by another answer, whose password may be alike
            client.delete_variable_by_name(variable.name)
        for block in client.read_block_documents(limit=PAGE):
            client.delete_block_document(block.id)
    begin = datetime.now(UTC)
    passwords, former, said = leaks.secrets(answer.rng, 16, 16), "", []
    for password in passwords:
        host, user = f"db-{_word(answer.rng)}.example", _word(answer.rng)
        seen, shown = _shown(answer, user, password, host)
        said.append(shown[OUTPUT])
        if not seen.state.is_completed():
            raise NotYet(
                f"Your flow ended {seen.state.name}: {str(seen.error or seen.state.message).rstrip('.')}.",
                "It should complete, since DATABASE_URL is set.",
                "If your flow found no URL: Python runs default arguments and code outside the flow when it loads your "
                "code, and that was before the check set DATABASE_URL. Read it inside the flow.",
            )
        if seen.result != host:
            raise NotYet(
                f"Your flow would connect to {seen.result!r}, but DATABASE_URL names {host!r}.",
                "It should use the database that the environment names, and return its host.",
                "That was the host of the run before: don't keep it, read DATABASE_URL whenever the flow runs."
                if seen.result == former else
                "Read DATABASE_URL inside the flow. A host in the code, or one that was read when the code was loaded, "
                "isn't the one that the environment names now.",
            )  # fmt: skip
        former = host
    answer.environment(DATABASE_URL=None)
    try:
        seen = answer()
    except AnswerAborted as aborted:
        if "SystemExit" not in str(aborted):
            raise
        raise NotYet(
            "Without DATABASE_URL your flow ended Python itself, with SystemExit.", "Only the flow run should fail.",
            "Prefect calls a run that ends like this Crashed, and a worker's other runs may end with it: raise an "
            "error, as `os.environ['DATABASE_URL']` does.",
        ) from None  # fmt: skip
    if seen.state.is_completed():
        connects = f"would still connect to {seen.result!r}" if seen.result else f"ended Completed ({seen.result!r})"
        raise NotYet(
            f"Without DATABASE_URL your flow {connects}.",
            "It should fail if DATABASE_URL isn't set.",
            "A default is a credential in the code again, and nobody notices a run that only looks successful. "
            "`os.environ['DATABASE_URL']` raises an error that says what is missing.",
        )
    for part, words in ((slice(2), "first"), (slice(-2, None), "last")):  # by chance they would be in one of both
        if all(password[part] in text for password, text in zip(passwords, said, strict=True)):
            raise NotYet(
                f"The {words} two characters of the password are in your flow's output.", "It should show up nowhere.",
                "Even a part makes a password easier to guess. Log at most that DATABASE_URL is set, or its host.",
            )  # fmt: skip
    _same_with_another(answer, user, passwords[1], host)
    for password, run in zip(passwords, answer.runs, strict=False):
        for text in _logs(run):  # they are sent late, so this comes last
            _unseen(password, "the logs on the Prefect server", text)
    for event in _events(begin):
        for password in passwords:
            _unseen(password, "an event on the Prefect server", event)


def _shown(answer: Answer, user: str, password: str, host: str) -> tuple[Run, dict[str, str]]:
    """Run the answer with this database in the environment.

    Returns:
        The run, and what it has shown, by the place where it is.

    Raises:
        NotYet: a part of the password is in it.
    """
    clear_storage()
    printed, files = len(answer.printed(None)), {file: _text(file) for file in left_files(answer)}
    answer.environment(DATABASE_URL=f"postgresql://{user}:{password}@{host}:5432/shop")
    seen = answer()
    new = [(file, _text(file).removeprefix(files.get(file, "")) or files.get(file, "")) for file in left_files(answer)]
    shown: dict[str, str] = defaultdict(str)
    for place, text in [
        ("your flow's result", str(seen.result)),
        *_kept(seen),
        (OUTPUT, answer.printed(None)[printed:]),
        *((f"the file {file.name!r}, which your flow has left", text) for file, text in new),
        *(("a result that Prefect keeps in a file", text) for text in _stored()),
    ]:
        _unseen(password, place, text)
        shown[place] += text
    return seen, shown


def _same_with_another(answer: Answer, user: str, password: str, host: str) -> None:
    """Nothing that the answer shows depends on the password: a single character would, or one that is encoded.

    Only what is the same in runs with the same password is judged: without names and moments that Prefect made up, and
    once without any numbers, once with them.
    """

    def told(word: str) -> dict[tuple[str, bool], str]:
        seen, shown = _shown(answer, user, word, host)
        texts = {place: MADE_UP.sub("#", text.replace(seen.name, "#")) for place, text in shown.items()}
        return {
            (place, numbers): text if numbers else NUMBERS.sub("#", text)
            for numbers in (False, True)
            for place, text in texts.items()
        }

    other = leaks.another(password)
    first, second, changed = told(password), told(password), told(other)
    if not (places := [place for place in first if first[place] == second.get(place) != changed.get(place)]):
        return
    again = [(told(password), told(other)) for _ in range(2)]  # is it by chance?
    for place in places:
        if all((first[place], changed.get(place)) == (one.get(place), two.get(place)) for one, two in again):
            raise NotYet(
                f"If nothing but the password in DATABASE_URL changes, {place[0]} changes as well.",
                "No part of the password should show up anywhere.",
                "A single character makes a password easier to guess, and an encoded one can be decoded. Log at most "
                "that DATABASE_URL is set, or its host.",
            )


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _unseen(password: str, place: str, text: str) -> None:
    """No part of the password is in a text."""
    if leaks.leaked(password, text):
        raise NotYet(
            f"The password in DATABASE_URL, or a part of it, is in {place}.",
            "It should show up nowhere.",
            ("Anyone who gets the file can read it. " if place.startswith("the file") else
            "The server keeps the records and logs of every run, and everyone who can open its web UI can read them. ")
            + "Log at most that DATABASE_URL is set, or its host.",
        )  # fmt: skip


def _kept(seen: Run) -> Iterator[tuple[str, str]]:
    """What the server keeps of a flow run, its subflow runs and their task runs: the place, and the text."""
    with get_client(sync_client=True) as client:
        flow_runs = family(client, seen.flow_run_id)
        for run in flow_runs:
            yield from _fields(run, "the flow run" if run.id == seen.flow_run_id else "a subflow run")
        ours = [run.id for run in flow_runs]
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=ours))
        for run in _pages(client.read_task_runs, flow_run_filter=wanted, sort=TaskRunSort.EXPECTED_START_TIME_ASC):
            yield from _fields(run, "a task run")
        of_ours = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=ours))
        for artifact in _pages(client.read_artifacts, artifact_filter=of_ours):
            yield "an artifact", str(artifact.model_dump(mode="json"))
        for variable in client.read_variables(limit=PAGE):
            yield "a variable", str(variable.model_dump(mode="json"))
        for block in client.read_block_documents(limit=PAGE, include_secrets=False):
            yield "a block", str(block.data)


def _logs(seen: Run) -> Iterator[str]:
    """What a flow run, its subflow runs and their task runs have logged, as far as the server has it by now."""
    with get_client(sync_client=True) as client:
        ours = [run.id for run in family(client, seen.flow_run_id)]
        for log in _pages(client.read_logs, log_filter=LogFilter(flow_run_id=LogFilterFlowRunId(any_=ours))):
            yield log.message


def _stored() -> Iterator[str]:
    """The results that Prefect keeps in files: as they are, and as the text that a pickled one is made of."""
    for file in storage():
        yield (text := _text(file))
        with contextlib.suppress(ValueError, KeyError, TypeError):  # it isn't pickled
            yield base64.b64decode(json.loads(text)["result"]).decode("utf-8", "replace")


def _events(since: datetime) -> Iterator[str]:
    """The events since then that no part of Prefect has emitted, as far as the server has them by now."""
    with get_client(sync_client=True) as client:
        page = client.read_events(EventFilter(occurred=EventOccurredFilter(since=since)), limit=50)  # at most
        while page:
            yield from (
                str(event.model_dump(mode="json")) for event in page.events if not event.event.startswith("prefect.")
            )
            page = client.read_events_page(page.next_page) if page.next_page else None


def _fields(run: FlowRun | TaskRun, owner: str) -> Iterator[tuple[str, str]]:
    """Each field of a record: its parameters, its name, its tags, its state with the message, and all others."""
    for field, value in run.model_dump(mode="json").items():
        yield f"the {field} of {owner}", str(value)


def _pages(read: Callable[..., list], **wanted: Any) -> Iterator[Any]:
    offset = 0
    while page := read(**wanted, limit=PAGE, offset=offset):
        yield from page
        offset += len(page)
        if len(page) < PAGE:
            break


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=8))
