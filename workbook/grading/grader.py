"""Where answers are judged: in a process with a Prefect server of its own, whatever the learner's runs use.

`check()` in a notebook and `workbook grade` both start `Grader`, which starts this module as a process. That process
drops every setting of Prefect's that it inherits, and keeps all it has under `.workbook/grading-N/`: so an answer draws
the same verdict in both places, and nothing of a grading appears on, reads from, or changes the learner's server. Its
server stays up for the next check; `workbook server stop` ends it.

One grading at a time uses that server; others wait their turn, in the order in which they came. Several places (N)
grade several answers at once.
"""

import _thread
import contextlib
import functools
import os
import pickle
import queue
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

import filelock

from workbook import paths
from workbook.grading import children
from workbook.grading.model import Source, Verdict
from workbook.prefect_server import connection, local
from workbook.prefect_server.process import APART

AGAIN_SECONDS = 10  # for the process that judges to end its answer before it is told again
# Its server doesn't look for late runs: it would change those that exercise 11.2 makes, while they are made.
SETTINGS = {"PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false"}
END_SECONDS = 20  # for the process to end an answer that it is judging, when it is told to stop


class Grader:
    """The grading process, seen from the outside. It ends with `close()`, or with the process that started it.

    Args:
        place: which of the grading servers to use, from 0. Graders with different places never wait for each other.
        say: called with a line of text for the learner, such as that another grading has to end first.
        news: called with a few words on where the grading is, as "run 2".
    """

    def __init__(
        self, place: int = 0, say: Callable[[str], None] = print, news: Callable[[str], None] = lambda _: None
    ) -> None:
        self.place, self.say, self.news = place, say, news
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, if it does not run; it loads Prefect, and starts the server, in the background."""
        if self._process and self._process.poll() is None:
            return
        folder = folder_of(self.place)
        with local.plain_disk_errors():
            folder.mkdir(parents=True, exist_ok=True)
            log = log_file(folder).open("wb")
        with log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workbook.grading.grader", str(folder)],
                cwd=folder,  # Prefect reads .env and prefect.toml where it starts: not the learner's
                env=own_environment() | {"WORKBOOK_HOME": str(folder), "PYTHONUTF8": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                **APART,  # Ctrl-C, or an interrupted cell, ends it by `close()`
            )

    def judge(self, exercise_id: str, source: Source, seconds: float | None = None) -> Verdict:
        """Judge one answer.

        Args:
            exercise_id: as "3.1".
            source: the answer.
            seconds: the time limit; by default the exercise's own.

        Raises:
            ServerError: the grading server cannot be started, or the grading process died.
        """
        try:
            while True:
                self.start()
                try:
                    pickle.dump((exercise_id, source, seconds), self._process.stdin)
                    self._process.stdin.flush()
                    kind, content = self._answer()
                except (OSError, EOFError):
                    self.close()
                    log = log_file(folder_of(self.place))
                    raise local.ServerError(f"The grading process died. {log} says why. Check again.") from None
                if kind == "verdict":
                    return content
                self.close()
                if kind == "error":
                    raise local.ServerError(content)
        except BaseException:  # an interrupt too: what it is judging must end
            self.close()
            raise

    def _answer(self) -> tuple[str, Any]:
        while (message := pickle.load(self._process.stdout))[0] in ("say", "news"):
            (self.say if message[0] == "say" else self.news)(message[1])
        return message

    def close(self) -> None:
        """End the process, and the answer that it is judging; the server stays."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@functools.cache
def of_this_process() -> Grader:
    """The grader of a notebook, kept from one check to the next."""
    return Grader()


def folder_of(place: int) -> Path:
    """Where the grading server of a place keeps everything."""
    return paths.home() / f"grading-{place}"


def log_file(folder: Path) -> Path:
    return folder / "grader.log"


def own_environment() -> dict[str, str]:
    """The environment without anything that would lead a grading to another server, database or log level.

    An answer finds the commands of this Python's environment, active or not, as the cells of a notebook do.
    """
    kept = {k: v for k, v in os.environ.items() if not re.match(r"PREFECT_|DATABASE_URL$|WORKBOOK_", k)}
    return kept | {"PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{kept.get('PATH', os.defpath)}"}


# ----------------------------------------
# In the process


def main() -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Whatever prints must not come between the replies. And on Windows, a process that starts looks at its standard
    # input, and would wait until nobody reads from it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)

    def reply(kind: str, content: Any) -> None:
        pickle.dump((kind, content), replies)
        replies.flush()

    folder = Path(sys.argv[1])
    for kept in folder.parent.glob("empty-*.db"):  # saves a first start most of its time
        if not (folder / kept.name).exists():
            shutil.copyfile(kept, folder / kept.name)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked, used = _listen(requests), None
    with contextlib.suppress(local.ServerError):  # it is said to the first request, which tries again
        connection.use(used := local.start(**SETTINGS))
        children.warm_up()
    while (request := asked.get()) is not None:
        try:
            if (record := local.start(**SETTINGS)) != used:
                return reply("moved", record.api_url)  # Prefect reads the address once: another process begins anew
            with turn(folder, lambda text: reply("say", text)):
                reply("verdict", _judge(*request, lambda text: reply("news", text)))
        except local.ServerError as error:
            reply("error", str(error))


def _listen(file: BinaryIO) -> queue.SimpleQueue:
    """What is asked. When the other side closes the line, whatever this process does is interrupted."""
    found: queue.SimpleQueue = queue.SimpleQueue()

    def listen() -> None:
        with contextlib.suppress(EOFError):
            while True:
                found.put(pickle.load(file))
        found.put(None)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        else:  # what it waits for comes to its end first
            _thread.interrupt_main()

    threading.Thread(target=listen, daemon=True).start()
    return found


def _judge(exercise_id: str, source: Source, seconds: float | None, news: Callable[[str], None]) -> Verdict:
    """Judge in a process that is forked from the one that has loaded Prefect, as answers are, where the system can."""
    context = children.context()
    if context.get_start_method() != "forkserver":
        return _judge_here(exercise_id, source, seconds, news)
    ours, theirs = context.Pipe(duplex=False)
    judging = context.Process(target=_judge_there, args=(theirs, exercise_id, source, seconds))
    judging.start()
    theirs.close()
    try:
        while not isinstance(said := ours.recv(), Verdict):
            news(said)
        return said
    except EOFError:
        raise local.ServerError(f"The grading process died: {log_file(paths.home())} says why.") from None
    finally:
        while judging.is_alive():  # then it ends the answer first
            judging.terminate()  # again if need be: Python drops an exit that a signal raises in a weakref's callback
            judging.join(AGAIN_SECONDS)


def _judge_there(connection: Connection, *request: Any) -> None:
    children.keep(connection)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    connection.send(_judge_here(*request, connection.send))


def _judge_here(exercise_id: str, source: Source, seconds: float | None, news: Callable[[str], None]) -> Verdict:
    from workbook.grading.engine import judge
    from workbook.grading.exercises import find

    clear_server()
    return judge(find(exercise_id), source, seconds, news)


def clear_server() -> None:
    """Remove what earlier answers have left on the grading server: limits, deployments, work pools."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import DeploymentSort

    with get_client(sync_client=True) as client:
        for limit in client.read_global_concurrency_limits(limit=200, offset=0):
            client.delete_global_concurrency_limit_by_name(limit.name)
        for deployment in client.read_deployments(limit=200, sort=DeploymentSort.NAME_ASC):
            client.delete_deployment(deployment.id)
        for pool in client.read_work_pools(limit=200):
            client.delete_work_pool(pool.name)


@contextlib.contextmanager
def turn(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Wait until every grading that came before has ended, and hold the next ones back for the length of the block.

    Each holds the lock of its own numbered file, and waits for the locks of those with lower numbers. The system frees
    the locks of a process that dies.
    """
    turns = folder / "turns"
    turns.mkdir(exist_ok=True)
    with filelock.FileLock(turns / "issue.lock"):
        numbers = sorted(int(file.stem) for file in turns.glob("*.turn"))
        mine = filelock.FileLock(turns / f"{numbers[-1] + 1 if numbers else 0}.turn")
        mine.acquire()
    try:
        waited = False
        for number in numbers:
            file = turns / f"{number}.turn"
            before = filelock.FileLock(file)
            try:
                before.acquire(timeout=0)
            except filelock.Timeout:
                if not waited:
                    say("Other answers are being graded first; the wait doesn't count …")
                waited = True
                before.acquire()
            before.release()
            with contextlib.suppress(PermissionError):  # Windows, if another waits for it too: the last one removes it
                file.unlink(missing_ok=True)
        yield
    finally:
        mine.release()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
