"""A learner's answer as a grader sees it: run it in a process of its own, and look at how it ran.

The process is apart, its time, memory and output are limited, and it ends with all that it started. This protects from
accidents: results come back as plain data, so nothing that an answer defines runs on the grader's side.
"""

import contextlib
import json
import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from workbook.grading import children
from workbook.grading.child import GRADING, gates, serve
from workbook.grading.evidence import Run, at_home, decoded, stacks, unfinished
from workbook.grading.model import NotYet, Source
from workbook.lessons.gate import GATE, Meeting, gate
from workbook.lessons.query_records import QueryRecord, read_records
from workbook.prefect_server import local, own
from workbook.prefect_server.limits import ensure_limit, read_limit, remove_limit
from workbook.runs.records import observe_run
from workbook.timelines.timeline import Timeline


class AnswerError(Exception):
    """What an answer raised, as far as it can be told: "ValueError: no such table"."""


class AnswerAborted(Exception):
    """The answer did not come to an end that could be judged.

    Args:
        code: "load", "missing", "kind", "hang", "busy", "died", "memory" or "raised".
        message: for the learner.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Answer:
    """A learner's answer as a grader sees it: run it, or call it, as often as you like.

    Use it in a `with` block: at its end the answer's process, all that it started, and its folder are gone.

    Args:
        source: the answer.
        seconds: the time limit from here to the end of the block.
        news: called with a few words when the answer is run or called, as "run 2".
    """

    def __init__(self, source: Source, seconds: float = 60, news: Callable[[str], None] = lambda _: None) -> None:
        self.source, self.seconds, self._news, self._asked = source, seconds, news, 0
        self.rng = random.Random()
        self.runs: list[Run] = []
        self._limits: list[tuple[str, int]] = []  # those in force now
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Answer":
        self.folder = Path(tempfile.mkdtemp(prefix="workbook-answer-")).resolve()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._deadline = time.monotonic() + self.seconds
        self._connection, theirs = multiprocessing.Pipe()
        children.keep(self._connection)
        # Not a daemon: those may have no children, and an answer may use a pool of processes.
        self._process = children.context().Process(target=serve, args=(theirs, self.source, str(self.folder)))
        self._process.start()
        theirs.close()
        self._stack.callback(self._end)
        try:
            self.loaded = self._receive()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def __call__(self, *args: Any, gate: str | None = None) -> Run:
        """Run the answer, which must be a flow, and look at how it ran; one that raises is looked at too.

        Args:
            args: the arguments for the flow.
            gate: where its queries wait for each other, as `gate()` returns it; by default they don't.

        Raises:
            AnswerAborted: it is no flow, or did not come to an end.
        """
        begun, earlier = time.time(), len(self._records())
        self.environment(**{GATE: gate})
        said = self._ask("run", args, {})
        # Task runs in other processes are not heard to finish, but their queries tell of them.
        asked_in = {query.task_run_id: query.flow_run_id for query in self._records()[earlier:] if query.flow_run_id}
        finished = {task_run: flow_run for task_run, flow_run in asked_in.items() if task_run} | said["finished"]
        try:
            seen = observe_run(said["flow_run_id"], settle=said["settle"], finished=finished)
        except local.ServerError as error:
            own.look()
            raise AnswerAborted("raised", f"Your answer's flow run cannot be found: {error}") from None
        if seen.timeline.begin is None or seen.timeline.begin < begun - 1:
            raise AnswerAborted("raised", "Your answer's flow run is not of this time: nothing ran now.")
        asked = at_home(self._records()[earlier:], seen.timeline)
        error = AnswerError(said["error"]) if said["error"] else None
        run = Run(
            seen.flow_run_id, seen.name, seen.state, seen.timeline, decoded(said["result"]), error, seen.missing,
            asked=tuple(asked), limit=self._limit_of(seen.timeline), held=gate is not None,
        )  # fmt: skip
        self.runs.append(run)
        return run

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the answer as a plain function.

        Returns:
            What it returned.

        Raises:
            AnswerError: what it raised.
            AnswerAborted: it did not come to an end.
        """
        said = self._ask("call", args, kwargs)
        if said["error"]:
            raise AnswerError(said["error"])
        return decoded(said["result"])

    def put_off(self, seconds: float) -> None:
        """Allow it so much more time, in which its grader holds it up."""
        self._deadline += seconds

    def gate(self, *meetings: Meeting) -> str:
        """A gate for one run, at which queries wait until they are in flight together (see `work.gate`).

        Args:
            meetings: each a list of groups, as [(indexes, how many of them should be in flight together)].
        """
        folder = gates() / f"{self.folder.name}-{len(self.runs)}"  # for another answer too, that meets this one
        folder.mkdir(parents=True)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return gate(folder, meetings)

    def environment(self, **changes: str | None) -> None:
        """Change the environment of the answer's process; None removes a name."""
        self._ask("environment", (), changes)

    def printed(self, last: int | None = 10_000) -> str:
        """What the answer has printed and logged so far.

        Args:
            last: only so many characters from the end; None for all of it.
        """
        file = self.folder / "output.txt"
        text = file.read_bytes().decode(errors="replace") if file.is_file() else ""
        return text if last is None else text[-last:]

    @contextlib.contextmanager
    def limit(self, tag: str, slots: int) -> Iterator[None]:
        """Have the server limit a tag during the block.

        Raises:
            NotYet: the answer changed the limit.
        """
        remove_limit(tag)  # with any slots that an earlier run has left taken
        ensure_limit(tag, slots)
        self._limits.append((tag, slots))
        try:
            yield
            found = read_limit(tag)
            if found is None or found.limit != slots:
                now = "gone" if found is None else f"{found.limit}"
                raise NotYet(
                    f"The limit on {tag!r} was {slots}, and after your flow it is {now}.",
                    "Your flow should leave the limit as it is.",
                    "It belongs to the server, and other flows rely on it.",
                )
        finally:
            self._limits.remove((tag, slots))
            remove_limit(tag)

    # ----------------------------------------

    def _limit_of(self, timeline: Timeline) -> int | None:
        """The limit to draw beside a run: the only one in force, if it is about all of the run's tasks.

        It is also drawn if no task has the tag: then the figure shows what a missing tag does.
        """
        if len(self._limits) != 1:
            return None
        (tag, slots), *_ = self._limits
        return slots if len({tag in span.tags for span in timeline}) == 1 else None

    def _records(self) -> list[QueryRecord]:
        try:
            return read_records(self.folder / "queries.jsonl")
        except (OSError, ValueError):
            raise AnswerAborted(
                "raised",
                "Your answer wrote into queries.jsonl, where the grader records the queries: use a file of another "
                "name.",
            ) from None

    def _ask(self, what: str, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        if what in ("run", "call"):
            self._asked += 1
            self._news(f"run {self._asked}")
        try:
            self._connection.send_bytes(json.dumps([what, args, kwargs]).encode())
        except OSError:
            raise self._died() from None
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        while not self._connection.poll(max(0.0, self._deadline - time.monotonic())):
            if time.monotonic() >= self._deadline:  # it may have been put off meanwhile
                raise self._too_long()
        try:
            said = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise self._died() from None
        except ValueError:
            raise AnswerAborted("died", "Your answer spoiled the line on which its results are sent.") from None
        if "aborted" in said:
            raise AnswerAborted(said["aborted"], said["message"])
        return said

    def _died(self) -> AnswerAborted:
        self._process.join(5)
        code = self._process.exitcode
        if code is not None and code < 0:
            how = f"was ended by signal {-code} before it returned. Too much memory is a frequent reason."
        else:
            how = f"ended its own process (exit code {code}) before it returned: take out os._exit() and the like."
        return AnswerAborted("died", f"Your answer {how}")

    def _too_long(self) -> AnswerAborted:
        """Say where it stands: a loop is in the learner's own line and uses the processor, a wait is not."""
        with contextlib.suppress(psutil.Error):
            used = psutil.Process(self._process.pid).cpu_times()
            stood, in_own_line = stacks(self.folder, self._process.pid, self.loaded["files"])
            where = f" It stood at {'; '.join(stood[:4])}." if stood else ""
            if in_own_line and used.user + used.system > self.seconds / 10:
                return AnswerAborted(
                    "busy", f"Your answer was still busy after {self.seconds:g} s: is a loop endless?{where}"
                )
            waiting = unfinished(self.folder)
            return AnswerAborted("hang", f"Your answer had not ended after {self.seconds:g} s.{waiting}{where}")
        return self._died()

    def _end(self) -> None:
        """End the answer's process and whatever it started, however it tried to get away."""
        self._connection.close()
        pid = self._process.pid
        strays: list[psutil.Process] = []
        for _ in range(20):  # a runaway may start more while it is being ended
            strays = [stray for stray in psutil.process_iter() if self._ours(stray, pid)]
            if not strays:
                break
            for stray in strays:
                with contextlib.suppress(psutil.Error):
                    stray.kill()
            psutil.wait_procs([stray for stray in strays if stray.pid != pid], timeout=2)  # that one is joined below
        self._process.join(5)
        self._process.close()

    def _ours(self, process: psutil.Process, pid: int) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                return False
            if process.pid == pid or (hasattr(os, "getsid") and os.getsid(process.pid) == pid):
                return True
            return process.environ().get(GRADING) == self.folder.name
        return False
