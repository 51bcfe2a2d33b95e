"""How the processes of answers are made. It loads nothing heavy, so that they can be prepared while Prefect loads."""

import contextlib
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from multiprocessing.util import register_after_fork

PRELOAD = "workbook.grading.preload"  # the module that such a process loads


def context() -> multiprocessing.context.BaseContext:
    """Children are forked from a process that has loaded Prefect and has one thread, where the system can.

    A child of that process can fork children itself, as long as it has one thread.
    """
    if PRELOAD in sys.modules:
        return multiprocessing.get_context("fork")
    if not hasattr(os, "fork"):  # Windows: each of them loads Prefect itself, for seconds
        return multiprocessing.get_context("spawn")
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload([PRELOAD])
    return forking


def warm_up() -> None:
    """Begin to load Prefect for the children, in the background, so that the first verdict need not wait for it."""
    if context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()


def keep(connection: Connection) -> None:
    """Keep this end of a line from children that are forked: the other end must notice when this process ends."""
    register_after_fork(connection, Connection.close)


def without_heartbeat() -> None:
    """Have this process run flows without Prefect's heartbeat: its thread holds up the end of each by 0 to 1 s.

    Tasks that nobody waits for would have that time of chance to begin in, and the verdict would be one of chance too.
    No environment variable can say it, and to make settings anew takes a quarter of a second: it is done before the
    children are forked.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    if PREFECT_FLOWS_HEARTBEAT_FREQUENCY.value() is not None:
        _as_long_as_it_lives.enter_context(temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}))


_as_long_as_it_lives = contextlib.ExitStack()
