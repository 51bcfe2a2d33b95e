"""The processes behind servers: which one listens on a port, whether it is still the same one, and its end."""

import contextlib
import io
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil

# What keeps a process from being interrupted with the one that starts it, as options of Popen: Ctrl-C in a terminal is
# not for it. The second is 0 but on Windows, which ignores the first.
APART = {"start_new_session": True, "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}


def port_owner(port: int) -> str:
    """Who listens on a port of 127.0.0.1, as far as this user may know: "nobody", or a process in words."""
    if port_is_free(port):
        return "nobody"
    for process in psutil.process_iter(["pid", "name"]):
        with contextlib.suppress(psutil.Error):
            if _holds(process, port):
                return f"{process.info['name']} (pid {process.info['pid']})"
    return "another user's process"


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":  # a port in TIME_WAIT is free for the server, so it must be for us
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def reserved(port: int) -> Iterator[bool]:
    """Whether a port is free and no other process is starting a server on it. It is reserved until the block ends.

    A server binds its port only seconds after it was found free. The mark is a socket name of Linux, which disappears
    with its process. On other systems, one of two servers that start at the same moment loses its port and takes the
    next.
    """
    with contextlib.ExitStack() as stack:
        if sys.platform == "linux":
            mark = stack.enter_context(socket.socket(socket.AF_UNIX))
            try:
                mark.bind(f"\0workbook-server-{port}")
            except OSError:
                yield False
                return
        yield port_is_free(port)


def is_open(port: int) -> bool:
    """Whether anybody listens on a port of 127.0.0.1: far quicker to find out than who."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens(process: psutil.Process, port: int) -> bool:
    """Is it this process that listens on a port, or one that it started? (No, if it is another user's.)

    The `python.exe` of an environment on Windows starts the real Python as a process of its own.
    """
    try:
        return any(_holds(member, port) for member in [process, *process.children(recursive=True)])
    except psutil.Error:
        return False


def _holds(process: psutil.Process, port: int) -> bool:
    sockets = process.net_connections(kind="tcp")
    return any(socket.status == psutil.CONN_LISTEN and socket.laddr.port == port for socket in sockets)


def find(pid: int, create_time: float) -> psutil.Process | None:
    """The process with this id, unless it has ended or its id now belongs to another.

    Args:
        pid: its id.
        create_time: when it began, in seconds since the epoch.
    """
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) < 1
    except psutil.Error:
        return None
    return process if same and alive(process) else None


def alive(process: psutil.Process) -> bool:
    """It runs, and is no zombie."""
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def cpu_seconds(process: psutil.Process) -> float:
    """The CPU time that it has used so far; 0.0 once it is gone."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


def terminate(process: psutil.Process, wait_seconds: float) -> None:
    """End a process and all that it started.

    Args:
        process: if it has ended already, nothing happens.
        wait_seconds: how long they may take to shut down by themselves before they are killed.

    Raises:
        psutil.AccessDenied: it is another user's.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, left = psutil.wait_procs(family, timeout=wait_seconds)
        for survivor in left:
            survivor.kill()
        psutil.wait_procs(left, timeout=5)


def print_anything() -> None:
    """Have this process print a question mark for a character that its output cannot show.

    A pipe on Windows takes a few hundred of them, bars not among them, and to print another is an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
