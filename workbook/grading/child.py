"""The process of an answer: it loads the answer, does what it is asked, and can do little harm."""

import asyncio
import ctypes
import faulthandler
import inspect
import json
import os
import re
import signal
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from multiprocessing.connection import Connection
from numbers import Integral, Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import psutil

from workbook import paths
from workbook.grading import children
from workbook.grading.model import Source
from workbook.grading.submissions import code_of
from workbook.lessons.query_records import RECORDS

try:
    import resource
except ImportError:
    resource = None

MEMORY = 2 * 1024**3  # bytes that an answer may allocate beyond what Prefect itself takes up
OUTPUT = 32 * 1024**2  # bytes that any one file may grow to, the answer's printed output among them
DEPTH = 50  # levels of lists in lists that a result may have
GRADING = "WORKBOOK_GRADING"  # in the environment of every process that an answer starts


def gates() -> Path:
    """Where queries of answers wait for each other."""
    return paths.home() / "gates"


def serve(connection: Connection, source: Source, folder: str) -> None:
    """The life of the child: load the answer, then do what is asked until nobody asks any more."""
    _confine(Path(folder))
    asyncio.set_event_loop_policy(_Loops())
    speak, meddled = _speaker(connection), _clock_watch()
    try:
        entry, files = _load(source, Path(folder))
    except BaseException as error:
        speak({"aborted": "load", "message": _loading(error, source, folder)})
        return
    if entry is None:
        speak({"aborted": "missing", "message": files})
        return
    speak({"files": files, "flow": _is_flow(entry)})
    children.without_heartbeat()
    while True:
        try:
            what, args, kwargs = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            said = _do(entry, what, args, kwargs)
            speak({"aborted": "raised", "message": f"{changed} Leave it as it is."} if (changed := meddled()) else said)
        except MemoryError:
            speak({"aborted": "memory", "message": f"Your answer used more than {MEMORY >> 30} GB of memory."})
        except BaseException as error:  # also SystemExit and the like: whatever it is, the learner should read it
            instead = " That ends a whole process: raise an error instead." if isinstance(error, SystemExit) else ""
            if type(error).__name__ == "Abort":
                instead = " Does it return the state of a task that has not ended? Return its future's `.result()`."
            speak({"aborted": "raised", "message": f"Your answer raised {_said(error).rstrip('.')}.{instead}"})


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
        from workbook.runs.observation import run
        from workbook.runs.private import first_flow_run

        if not _is_flow(entry):
            return {
                "aborted": "kind",
                "message": f"Your answer is a {type(entry).__name__}, not a flow: put @flow above it.",
            }
        began = SimpleNamespace(put=lambda flow_run_id: Path("flow_run").write_text(str(flow_run_id), encoding="utf-8"))
        try:
            with first_flow_run(began):
                ran = run(entry, *args, **kwargs)
        except Exception as error:
            if type(error).__name__ in ("ParameterBindError", "ParameterTypeError", "SignatureMismatchError"):
                return {"aborted": "kind", "message": f"Your flow doesn't accept the exercise's arguments: {error}"}
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
            "aborted": "kind",
            "message": "Your function returned a coroutine: it is `async def`, and a plain call doesn't run it. Write "
            "`def` instead, with get_client(sync_client=True) if it needs a client.",
        }
    return {"result": _encoded(result), "error": None}


def _confine(folder: Path) -> None:
    """Make this process one that can do little harm, and that can be found with all its children."""
    os.chdir(folder)
    os.environ |= {GRADING: folder.name, RECORDS: str(folder / "queries.jsonl"), "WORKBOOK_DATA": str(folder / "data")}
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    sys.dont_write_bytecode = True
    output = os.open(folder / "output.txt", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w", 1), os.fdopen(2, "w", 1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what the process that forked it does then
    # Windows has none of these three: there, memory and output are without a limit, and a hang is without its lines.
    if hasattr(os, "setsid"):
        os.setsid()
    if resource:
        hard = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, (folder / "stacks.txt").open("w", encoding="utf-8"), all_threads=True)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: what its children leave behind stays in this family
    _guard_files(folder)


def _guard_files(folder: Path) -> None:
    """Let Python write and remove files only in the answer's own folder, and in Prefect's."""
    places = (folder, os.environ["PREFECT_HOME"], gates(), "/dev", os.devnull)
    allowed = tuple(os.path.realpath(place) for place in places)
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
    file.write_text(source.text, encoding="utf-8")
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
        return f"Python can't read {source.name}: {error.msg}, line {error.lineno}: {(error.text or '').strip()}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.startswith(folder)]
    where = f" in line {lines[-1]}" if lines else ""
    if isinstance(error, MemoryError):
        return f"{source.name} used more than {MEMORY >> 30} GB of memory while it was loaded{where}."
    unset = isinstance(error, KeyError) and frames[-1].filename in ("<frozen os>", os.__file__)
    instead = f" {error} isn't set yet when the code is loaded: read it inside the function." if unset else ""
    return f"{source.name} can't be loaded: {_said(error)}{where}.{instead}"


def _is_flow(entry: Any) -> bool:
    from prefect import Flow

    return isinstance(entry, Flow)


def _said(error: BaseException) -> str:
    text = re.sub(r"\s*For further information visit \S+", "", str(error))  # pydantic's
    return f"{type(error).__name__}: {text}"[:2000]


def _encoded(value: Any, depth: int = 0) -> Any:
    """A value as JSON. What is not plain data, or is nested too deeply, goes by the name of its class."""
    plain = value is None or isinstance(value, (bool, float, str)) or (isinstance(value, int) and abs(value) < 2**64)
    if plain:
        return value
    if isinstance(value, (Real, Decimal)) and not isinstance(value, int):  # also numbers of NumPy
        return int(value) if isinstance(value, Integral) else float(value)
    if depth < DEPTH:
        if isinstance(value, (list, tuple)):
            return [_encoded(part, depth + 1) for part in value]
        if isinstance(value, dict):
            return {"pairs": [[_encoded(key, depth + 1), _encoded(part, depth + 1)] for key, part in value.items()]}
    try:
        text = str(value)[:1000] if depth < DEPTH else "nested too deeply"
    except Exception as error:
        text = f"its str() raises {type(error).__name__}"
    return {"opaque": type(value).__name__, "text": text}
