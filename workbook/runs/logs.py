"""Keeps Prefect's log lines out of the terminal while a run is shown in another way, except a line for each failure."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from prefect.logging.handlers import PrefectConsoleHandler

from workbook.runs.private import FINISHED


@contextlib.contextmanager
def quiet(file: Path | None = None) -> Iterator[None]:
    """Keep Prefect's lines out of the terminal during the block; the server still gets them.

    Args:
        file: where to append them instead.
    """
    loggers = [logging.getLogger(name) for name in ("prefect", None)]
    consoles = [(logger, h) for logger in loggers for h in logger.handlers if isinstance(h, PrefectConsoleHandler)]
    with contextlib.ExitStack() as stack:
        for logger, console in consoles:
            if file:
                stack.enter_context(_handling(logger, _like(console, file)))
            stack.callback(console.setLevel, console.level)
            console.setLevel(logging.CRITICAL + 1)
        yield


@contextlib.contextmanager
def warnings(say: Callable[[str], None]) -> Iterator[None]:
    """Call `say` with a line for everything that goes wrong in a task run during the block: its name, the message."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if not message.startswith(FINISHED):  # reported before, with its reason
                say(f"{getattr(record, 'task_run_name', 'a task run')}: {message.splitlines()[0]}")

    with _handling(logging.getLogger("prefect.task_runs"), Listener(logging.WARNING)):
        yield


def _like(console: logging.Handler, file: Path) -> logging.Handler:
    handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    handler.setFormatter(console.formatter)
    handler.setLevel(console.level)
    return handler


@contextlib.contextmanager
def _handling(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
