"""The parts of Prefect that are not public: the log records that it makes in this process, and a name among inputs.

No public interface tells which task runs a flow run will have records of, nor the id of a run that begins. The texts of
the records are checked with Prefect 3.9.1; `tests/test_private.py` fails if one of them changes. If nothing is heard,
whoever reads the records waits until no more come.
"""

import contextlib
import contextvars
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from uuid import UUID

FINISHED, NOT_BEGUN = "Finished in state", "Finished in state Pending"  # prefect/task_engine.py
BEGINNING = "Beginning flow run"  # prefect/flow_engine.py
CALLERS = "__parents__"  # in `TaskRun.task_inputs`: prefect/tasks.py, `_infer_parent_task_runs`


class _Listener(logging.Filter):
    """Hears the records of a logger from INFO up; those below the level that was set go no further."""

    lock = threading.Lock()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.logger, self.hearers = logging.getLogger(name), []

    def filter(self, record: logging.LogRecord) -> bool:
        for hear in tuple(self.hearers):
            hear(record)
        return record.levelno >= self.level

    @contextlib.contextmanager
    def hearing(self, hear: Callable[[logging.LogRecord], None]) -> Iterator[None]:
        """Call `hear` with every record during the block, at whatever level the logger is."""
        with self.lock:
            if not self.hearers:
                self.own, self.level = self.logger.level, self.logger.getEffectiveLevel()
                self.logger.setLevel(min(logging.INFO, self.level))
                self.logger.filters.insert(0, self)  # no other filter may keep a record from it
            self.hearers.append(hear)
        try:
            yield
        finally:
            with self.lock:
                self.hearers.remove(hear)
                if not self.hearers:
                    self.logger.removeFilter(self)
                    self.logger.setLevel(self.own)


_task_runs, _flow_runs = _Listener("prefect.task_runs"), _Listener("prefect.flow_runs")


@contextlib.contextmanager
def finished_task_runs() -> Iterator[dict[str, str]]:
    """The task runs that finish in this process during the block, as {task run id: flow run id}.

    Both ids are on the log record. Listening leaves flow and tasks as they are.
    """
    finished: dict[str, str] = {}

    def hear(record: logging.LogRecord) -> None:
        message = record.getMessage()
        # A task run that was refused a slot (a limit of 0) stays Pending: its record won't change.
        if message.startswith(FINISHED) and not message.startswith(NOT_BEGUN) and getattr(record, "flow_run_id", None):
            finished[record.task_run_id] = record.flow_run_id

    with _task_runs.hearing(hear):
        yield finished


def can_hear() -> bool:
    """Whether log records are made at all: `logging.disable()` stops them. It must be asked while listening."""
    return _task_runs.logger.isEnabledFor(logging.INFO)


_followed: contextvars.ContextVar[object] = contextvars.ContextVar("followed", default=None)


@contextlib.contextmanager
def first_flow_run(begun: queue.SimpleQueue) -> Iterator[None]:
    """Put the id of the flow run that begins in this block into `begun`, then those of its subflows, and no others.

    The id is on the log record, which is made in the context of the caller.
    """
    me = object()

    def hear(record: logging.LogRecord) -> None:
        if _followed.get() is me and str(record.msg).startswith(BEGINNING):
            begun.put(UUID(record.flow_run_id))

    token = _followed.set(me)
    try:
        with _flow_runs.hearing(hear):
            yield
    finally:
        _followed.reset(token)
