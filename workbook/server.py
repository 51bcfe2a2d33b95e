"""The Prefect server that notebooks, flows and scripts use: `server.ensure()` comes before `import prefect`."""

import os
import sysconfig
from collections.abc import Callable
from typing import Any

from workbook.paths import ROOT, home, in_notebook
from workbook.prefect_server import connection
from workbook.prefect_server.connection import ensure_or_exit, given_url
from workbook.prefect_server.local import ServerError, start, status, stop

__all__ = ["ROOT", "ServerError", "ensure", "ensure_or_exit", "given_url", "home", "start", "status", "stop"]


def ensure(say: Callable[[str], None] | None = None) -> None:
    """Point this process at a Prefect server that answers; the local one is started when none is named.

    In a notebook the process that grades answers is started too, or the first check would wait for it, and `!workbook`
    and `!prefect` are this environment's own.

    Args:
        say: called with one line on which server is used; prints to standard output if not given.

    Raises:
        ServerError: no server could be started, the one given does not answer or refuses, or Prefect has already been
            imported with another address.
    """
    scripts = sysconfig.get_path("scripts")
    if in_notebook() and scripts not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    connection.ensure(say)
    if in_notebook():
        from IPython import get_ipython

        from workbook.grading import cells
        from workbook.grading.grader import of_this_process

        if shell := get_ipython():
            cells.watch(shell)
            shell.set_custom_exc((Exception,), _show)
        of_this_process().start()


def _show(shell: Any, kind: type[Exception], error: Exception, trace: Any, tb_offset: int | None = None) -> None:
    """Show an error of a cell, and one sentence in place of 300 lines if it came of a server that has stopped."""
    said = connection.explained(error)
    shell.showtraceback((type(said), said, trace), tb_offset=tb_offset, running_compiled_code=True)
