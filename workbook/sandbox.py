"""A learner's answer in a process of its own, and what the grader may ask of it.

The answer runs in a child: it may hang, crash, lie or eat memory there. What it did is judged in the parent, which
reads Prefect's records from the server itself: nothing that the answer patches reaches the judgement. The two talk in
JSON, for to unpickle what an answer sends would be to run it.

This bounds accidents and pranks (time, memory, output, processes left behind, files written or removed outside its
folder by Python). It is no prison: an answer runs with the rights of the learner who wrote it.
"""

import asyncio
import contextlib
import ctypes
import faulthandler
import inspect
import io
import json
import linecache
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import psutil

from workbook import children, server
from workbook.answers import Source, code_of
from workbook.exercises import NotYet
from workbook.observe import Observation, observe_run
from workbook.timeline import Timeline
from workbook.work import GATE, NOTES, Meeting, Note, gate, read_notes

MEMORY = 2 * 1024**3  # bytes that an answer may allocate beyond what Prefect itself takes up
OUTPUT = 32 * 1024**2  # bytes that any one file may grow to, the answer's printed output among them
DEPTH = 50  # levels of lists in lists that a result may have
GRADING = "WORKBOOK_GRADING"  # in the environment of every process that an answer starts


@dataclass(frozen=True)
class Strange:
    """Something that an answer returned and that is no plain data; `type` is the name of its class."""

    type: str
    text: str


class AnswerError(Exception):
    """What an answer raised, as far as it can be told: "ValueError: no such table"."""


@dataclass(frozen=True)
class Run(Observation):
    """A flow run of an answer, with a note of every query that ran in it."""

    asked: tuple[Note, ...] = ()

    @property
    def strangers(self) -> list[Note]:
        """The notes of queries that ran in threads of which Prefect knows nothing, and that belong to no task run."""
        return [note for note in self.asked if note.task_run_id is None and note.flow_run_id is None]


def gates() -> Path:
    """Where queries of answers wait for each other."""
    return server.home() / "gates"


class Broken(Exception):
    """The answer did not come to an end that could be judged.

    Args:
        code: "load", "missing", "kind", "hang", "busy", "died", "memory" or "raised".
        message: for the learner.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


# ----------------------------------------
# The grader's side


class Answer:
    """A learner's answer as a grader sees it: run it, or call it, as often as you like.

    Use it in a `with` block: at its end the answer's process, all that it started, and its folder are gone.

    Args:
        source: the answer.
        seconds: the time limit from here to the end of the block.
    """

    def __init__(self, source: Source, seconds: float = 60) -> None:
        self.source, self.seconds = source, seconds
        self.chance = random.Random()
        self.runs: list[Run] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Answer":
        self.folder = Path(tempfile.mkdtemp(prefix="workbook-answer-")).resolve()
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._deadline = time.monotonic() + self.seconds
        self._connection, theirs = multiprocessing.Pipe()
        live = (theirs, self.source, str(self.folder))
        # Not a daemon: those may have no children, and an answer may use a pool of processes.
        self._process = children.context().Process(target=_live, args=live)
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
            Broken: it is no flow, or did not come to an end.
        """
        begun, notes = time.time(), len(self._notes())
        self.environment(**{GATE: gate})
        said = self._ask("run", args, {})
        try:
            seen = observe_run(said["flow_run_id"], settle=said["settle"], finished=said["finished"])
        except server.ServerError as error:
            raise Broken("raised", f"Your answer's flow run cannot be found: {error}") from None
        if seen.timeline.begin is None or seen.timeline.begin < begun - 1:
            raise Broken("raised", "Your answer's flow run is not of this time: nothing ran now.")
        asked = _at_home(self._notes()[notes:], seen.timeline)
        error = AnswerError(said["error"]) if said["error"] else None
        run = Run(
            seen.flow_run_id, seen.name, seen.state, seen.timeline, _decoded(said["result"]), error, seen.missing,
            asked=tuple(asked),
        )  # fmt: skip
        self.runs.append(run)
        return run

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Call the answer as a plain function.

        Returns:
            What it returned.

        Raises:
            AnswerError: what it raised.
            Broken: it did not come to an end.
        """
        said = self._ask("call", args, kwargs)
        if said["error"]:
            raise AnswerError(said["error"])
        return _decoded(said["result"])

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
        from workbook.limits import ensure_limit, read_limit, remove_limit

        remove_limit(tag)  # with any slots that an earlier run has left taken
        ensure_limit(tag, slots)
        try:
            yield
            found = read_limit(tag)
            if found is None or found.slots != slots:
                now = "gone" if found is None else f"{found.slots}"
                raise NotYet(
                    f"The limit on {tag!r} was {slots}, and after your flow it is {now}.",
                    "Your flow should leave the limit as it is.",
                    "It belongs to the server, and other flows rely on it.",
                )
        finally:
            remove_limit(tag)

    # ----------------------------------------

    def _notes(self) -> list[Note]:
        try:
            return read_notes(self.folder / "notes.jsonl")
        except (OSError, ValueError):
            raise Broken(
                "raised",
                "Your answer wrote into notes.jsonl, where the grader notes the queries: use a file of another name.",
            ) from None

    def _ask(self, what: str, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            self._connection.send_bytes(json.dumps([what, args, kwargs]).encode())
        except OSError:
            raise self._died() from None
        return self._receive()

    def _receive(self) -> dict[str, Any]:
        left = max(0.0, self._deadline - time.monotonic())
        if not self._connection.poll(left):
            raise self._too_long()
        try:
            said = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise self._died() from None
        except ValueError:
            raise Broken("died", "Your answer spoiled the line on which its results are sent.") from None
        if "broken" in said:
            raise Broken(said["broken"], said["message"])
        return said

    def _died(self) -> Broken:
        self._process.join(5)
        code = self._process.exitcode
        if code is not None and code < 0:
            how = f"was ended by the system (signal {-code}): it may have used too much memory"
        else:
            how = f"ended its own process (exit code {code})"
        return Broken("died", f"Your answer {how} before it returned: take out os._exit(), sys.exit() and the like.")

    def _too_long(self) -> Broken:
        """Say where it stands: a loop is in the learner's own line and uses the processor, a wait is not."""
        with contextlib.suppress(psutil.Error):
            used = psutil.Process(self._process.pid).cpu_times()
            stood, in_own_line = self._stacks()
            where = f" It stood at {'; '.join(stood[:4])}." if stood else ""
            if in_own_line and used.user + used.system > self.seconds / 10:
                return Broken("busy", f"Your answer was still busy after {self.seconds:g} s: is a loop endless?{where}")
            unfinished = self._unfinished()
            return Broken("hang", f"Your answer had not ended after {self.seconds:g} s.{unfinished}{where}")
        return self._died()

    def _unfinished(self) -> str:
        """What the records show of the flow run that has not ended: what its task runs wait for."""
        file = self.folder / "flow_run"
        if not file.is_file():
            return ""
        from workbook.limits import read_limit
        from workbook.observe import task_runs_of

        waiting = [run for run in task_runs_of(file.read_text()) if run.state and not run.state.is_final()]
        for run in waiting:
            if run.state.name == "AwaitingRetry":
                delay = run.empirical_policy.retry_delay
                return f" {run.name} waits for its next try: its retry delay is {delay} s, and 0.1 s is enough here."
        if held := [run for run in waiting if run.state.is_pending()]:
            for tag in sorted({tag for run in held for tag in run.tags}):
                if (limit := read_limit(tag)) and limit.active >= limit.slots:
                    return (
                        f" {len(held)} of its task runs wait for a slot of the limit on {tag!r}, and all {limit.slots} "
                        "are taken: does a task that holds a slot wait for one that needs it?"
                    )
        names = ", ".join(run.name for run in waiting[:4])
        return f" These task runs had not ended: {names}." if names else ""

    def _stacks(self) -> tuple[list[str], bool]:
        """The learner's own line that each thread of the answer is in, and whether one is in nothing deeper."""
        if not hasattr(signal, "SIGUSR1"):
            return [], True
        file = self.folder / "stacks.txt"
        os.kill(self._process.pid, signal.SIGUSR1)
        until = time.monotonic() + 3
        while time.monotonic() < until and "Current thread" not in _text_of(file):
            time.sleep(0.02)
        time.sleep(0.1)  # the dump has no end that could be awaited
        found: dict[str, bool] = {}
        for thread in _text_of(file).split("\n\n"):
            frames = re.findall(r'File "(.*)", line (\d+) in (.*)', thread)
            for depth, (name, line, function) in enumerate(frames):
                if name in self.loaded["files"]:
                    text = linecache.getline(name, int(line)).strip()
                    found[f"line {line} in {function}" + (f", `{text}`" if text else "")] = depth == 0
                    break
        return list(found), any(found.values())

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
            psutil.wait_procs(strays, timeout=2)
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


def _text_of(file: Path) -> str:
    """A file's text; nothing if the answer has removed it."""
    return file.read_text(errors="replace") if file.is_file() else ""


def _at_home(notes: list[Note], timeline: Timeline) -> list[Note]:
    """The notes, with the task run of those that ran in threads of which Prefect knows nothing, if there is no doubt.

    An async task may hand its query to a thread that does not carry Prefect's context, as `run_in_executor` does. The
    task run waits for it, so its time encloses the query's. Each such query must find a task run of its own that no
    other query ran in; otherwise nothing is assigned.
    """
    known = {note.task_run_id for note in notes}
    lost = [number for number, note in enumerate(notes) if note.task_run_id is None and note.flow_run_id is None]
    free = [span for span in timeline if span.id not in known and span.start is not None and span.end is not None]
    around = {n: [s.id for s in free if s.start <= notes[n].start and notes[n].end <= s.end] for n in lost}
    taken: dict[str, int] = {}

    def place(number: int, tried: set[str]) -> bool:
        for home in around[number]:
            if home not in tried:
                tried.add(home)
                if home not in taken or place(taken[home], tried):
                    taken[home] = number
                    return True
        return False

    if not all(place(number, set()) for number in lost):
        return notes
    homes = {number: home for home, number in taken.items()}
    return [replace(note, task_run_id=homes.get(number, note.task_run_id)) for number, note in enumerate(notes)]


class _Pickler(cloudpickle.Pickler):
    """Pickles a notebook's function with what it refers to, some of which must be the other process's own."""

    def reducer_override(self, thing: Any) -> Any:
        if thing is os.environ:
            return getattr, (os, "environ")  # not a copy of the notebook's, which would stay as it is now
        if isinstance(thing, (type(threading.Lock()), type(threading.RLock()))):
            return type(thing), ()
        return super().reducer_override(thing)


def pack(entry: Any, name: str) -> Source:
    """A function or flow of a notebook as an answer.

    Raises:
        Broken: it holds something that cannot be sent to another process.
    """
    code = code_of(entry)
    try:
        with io.BytesIO() as file:
            _Pickler(file).dump(entry)
            pickled = file.getvalue()
    except Exception as error:  # whatever kept it, pickle says it in its own words
        raise Broken(
            "load",
            f"Your answer cannot be sent to the grading process ({error}): open files and connections inside the "
            "function that uses them.",
        ) from None
    return Source(name, pickled=pickled, untouched=code is not None and "NotImplementedError" in code.co_names)


# ----------------------------------------
# The answer's side


def _live(connection: Connection, source: Source, folder: str) -> None:
    """The life of the child: load the answer, then do what is asked until nobody asks any more."""
    _confine(Path(folder))
    asyncio.set_event_loop_policy(_Loops())
    speak, meddled = _speaker(connection), _clock_watch()
    try:
        entry, files = _load(source, Path(folder))
    except BaseException as error:
        speak({"broken": "load", "message": _loading(error, source, folder)})
        return
    if entry is None:
        speak({"broken": "missing", "message": files})
        return
    speak({"files": files, "flow": _is_flow(entry)})
    while True:
        try:
            what, args, kwargs = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            with _no_heartbeat():
                said = _do(entry, what, args, kwargs)
            speak({"broken": "raised", "message": f"{changed} Leave it as it is."} if (changed := meddled()) else said)
        except MemoryError:
            speak({"broken": "memory", "message": f"Your answer used more than {MEMORY >> 30} GB of memory."})
        except BaseException as error:  # also SystemExit and the like: whatever it is, the learner should read it
            speak({"broken": "raised", "message": f"Your answer raised {_said(error)}."})


class _Loops(asyncio.DefaultEventLoopPolicy):
    """Event loops with threads for all queries: `asyncio.to_thread` has as many as the machine has processors, plus 4.

    The verdict on a right answer must not depend on the machine.
    """

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.set_default_executor(ThreadPoolExecutor(40, thread_name_prefix="asyncio"))
        return loop


def _speaker(connection: Connection) -> Callable[[dict[str, Any]], None]:
    dumps, send = json.dumps, connection.send_bytes

    def speak(said: dict[str, Any]) -> None:
        send(dumps(said).encode())

    return speak


def _no_heartbeat() -> contextlib.AbstractContextManager:
    """Run flows without Prefect's heartbeat: its thread holds up the end of each by anything from 0 to 1 s.

    Tasks that nobody waits for would have that time of chance to begin in, and the verdict would be one of chance too.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    return temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})


def _clock_watch() -> Callable[[], str]:
    """What tells whether the clock is still Python's own: what ran is judged by its times."""
    names = ("sleep", "time", "time_ns", "monotonic", "perf_counter")
    own = {name: getattr(time, name) for name in names}

    def meddled() -> str:
        return next((f"Your answer changed time.{name}." for name in own if getattr(time, name) is not own[name]), "")

    return meddled


def _do(entry: Any, what: str, args: list, kwargs: dict[str, Any]) -> dict[str, Any]:
    if what == "environment":
        for name, value in kwargs.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        return {}
    if what == "run":
        from workbook.observe import first_flow_run, run

        if not _is_flow(entry):
            return {
                "broken": "kind",
                "message": f"Your answer is a {type(entry).__name__} and no flow: put @flow above it.",
            }
        began = SimpleNamespace(put=lambda flow_run_id: Path("flow_run").write_text(str(flow_run_id)))
        try:
            with first_flow_run(began):
                ran = run(entry, *args, **kwargs)
        except Exception as error:
            if type(error).__name__ in ("ParameterBindError", "ParameterTypeError", "SignatureMismatchError"):
                return {"broken": "kind", "message": f"Your flow does not take the arguments of the exercise: {error}"}
            raise
        result = None if ran.error else ran.result
        return {
            "flow_run_id": str(ran.flow_run_id), "finished": ran.finished, "settle": ran.settle,
            "result": _encoded(result), "error": _said(ran.error) if ran.error else None,
        }  # fmt: skip
    try:
        result = entry(*args, **kwargs)
    except Exception as error:
        return {"result": None, "error": _said(error)}
    if inspect.iscoroutine(result):
        result.close()
        return {
            "broken": "kind",
            "message": "Your function returned a coroutine: it is `async def`, and a plain call does not run it. Write "
            "`def` instead, with get_client(sync_client=True) if it needs a client.",
        }
    return {"result": _encoded(result), "error": None}


def _confine(folder: Path) -> None:
    """Make this process one that can do little harm, and that can be found with all its children."""
    os.chdir(folder)
    os.environ |= {GRADING: folder.name, NOTES: str(folder / "notes.jsonl"), "WORKBOOK_DATA": str(folder / "data")}
    sys.dont_write_bytecode = True
    output = os.open(folder / "output.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    if os.name == "posix":
        import resource

        os.setsid()
        hard = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
        faulthandler.register(signal.SIGUSR1, (folder / "stacks.txt").open("w"), all_threads=True)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what its children leave behind stays in this family
    _guard_files(folder)


def _guard_files(folder: Path) -> None:
    """Let Python write and remove files only in the answer's own folder, and in Prefect's."""
    allowed = tuple(str(Path(place).resolve()) for place in (folder, os.environ["PREFECT_HOME"], gates(), "/dev"))
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def refuse(place: Any) -> None:
        if isinstance(place, int) or place is None:
            return
        real = os.path.realpath(os.fsdecode(place))
        if not any(real == home or real.startswith(home + os.sep) for home in allowed):
            raise PermissionError(13, "an answer may write and remove files only in its own folder", real)

    def watch(event: str, args: tuple) -> None:
        if (event == "open" and args[2] is not None and args[2] & writing) or event in (
            "os.remove",
            "os.rmdir",
            "os.mkdir",
            "os.truncate",
            "os.chmod",
            "shutil.rmtree",
            "os.utime",
        ):
            refuse(args[0])
        elif event in ("os.rename", "os.link", "os.symlink", "shutil.move"):
            refuse(args[0])
            refuse(args[1])

    sys.addaudithook(watch)


def _load(source: Source, folder: Path) -> tuple[Any, Any]:
    """The function that the answer defines, and the files that its code is from; or None, and why there is none."""
    if source.pickled:
        entry = cloudpickle.loads(source.pickled)
        return entry, [code.co_filename] if (code := code_of(entry)) else []
    file = folder / "answer.py"
    file.write_text(source.text)
    module = types.ModuleType("answer")
    module.__file__ = str(file)
    module.check = module.hint = lambda *_: None  # a learner may have left a call of them among the answer
    sys.modules["answer"] = module
    sys.path.insert(0, str(folder))
    exec(compile(source.text, str(file), "exec"), module.__dict__)
    entry = getattr(module, source.entry, None)
    if callable(entry):
        return entry, [str(file)]
    if entry is None:
        return None, f"There is no {source.entry!r} in {source.name}: keep the name that the exercise gives."
    return None, f"{source.entry!r} in {source.name} is a {type(entry).__name__}: it should be a function."


def _loading(error: BaseException, source: Source, folder: str) -> str:
    if isinstance(error, SyntaxError):
        return f"Python cannot read {source.name}: {error.msg}, line {error.lineno}: {(error.text or '').strip()}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(folder)]
    where = f" in line {lines[-1]}" if lines else ""
    if isinstance(error, MemoryError):
        return f"{source.name} used more than {MEMORY >> 30} GB of memory while it was loaded{where}."
    return f"{source.name} cannot be loaded: {_said(error)}{where}."


def _is_flow(entry: Any) -> bool:
    from prefect import Flow

    return isinstance(entry, Flow)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def _encoded(value: Any, depth: int = 0) -> Any:
    """A value as JSON. What is not plain data, or is nested too deeply, goes by the name of its class."""
    plain = value is None or isinstance(value, (bool, float, str)) or (isinstance(value, int) and abs(value) < 2**64)
    if plain:
        return value
    if depth < DEPTH:
        if isinstance(value, (list, tuple)):
            return [_encoded(part, depth + 1) for part in value]
        if isinstance(value, dict):
            return {"pairs": [[_encoded(key, depth + 1), _encoded(part, depth + 1)] for key, part in value.items()]}
    try:
        text = str(value)[:1000] if depth < DEPTH else "nested too deeply"
    except Exception as error:
        text = f"its str() raises {type(error).__name__}"
    return {"strange": type(value).__name__, "text": text}


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    if isinstance(value, dict):
        if "strange" in value:
            return Strange(value["strange"], value["text"])
        return {_hashable(_decoded(key)): _decoded(part) for key, part in value["pairs"]}
    return value


def _hashable(key: Any) -> Any:
    """A key of a dict: tuples come as lists."""
    return tuple(_hashable(part) for part in key) if isinstance(key, list) else key
