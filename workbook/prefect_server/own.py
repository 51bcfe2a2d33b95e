"""The workbook's own server as this process has it: known by its process, not by its address, and followed to another.

Prefect reads its address once, and keeps lines open for the events of task runs and for logs. What is given to a line
whose server has stopped is lost, also when another server has taken the port. No public interface changes either, so
`follow` stands on Prefect's private ground; tests/test_server.py fails when it no longer holds.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from workbook.paths import in_notebook
from workbook.prefect_server.local import Record, ServerError, is_alive, read_record

_used: Record | None = None  # once this process has been pointed at it


def look() -> None:
    """Make sure, by its process, that the workbook's own server is there; another one that is in use is not looked at.

    Another may have been given, or be in use for a while, as in a block of Prefect's `prefect_test_harness()`.

    Raises:
        ServerError: it has stopped; another may have taken its port, or have been started in its place.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url or url != os.environ.get("WORKBOOK_STARTED_URL"):
        return
    if "prefect" in sys.modules:
        from prefect.settings import PREFECT_API_URL

        if PREFECT_API_URL.value() != url:
            return
    record = read_record()
    if not (record and record.api_url == url and _used in (None, record) and is_alive(record)):
        again = "run the first cell" if in_notebook() else "start it with `workbook server start`, and run this"
        raise ServerError(f"The Prefect server has stopped: {again} again.")


def follow(record: Record) -> None:
    """Use this server from now on; if Prefect has used a former one, have it go on with this one."""
    global _used
    if "prefect" in sys.modules and _used not in (None, record):
        from prefect.context import refresh_global_settings_context
        from prefect.events.worker import EventsWorker

        os.environ["PREFECT_API_URL"] = os.environ["WORKBOOK_STARTED_URL"] = record.api_url
        refresh_global_settings_context()
        with ThreadPoolExecutor(1) as pool:  # in a thread without an event loop, as a notebook's has one
            # All of Prefect's lines share one list, those for logs too. What they still hold is for the former server.
            pool.submit(EventsWorker.drain_all, timeout=0, at_exit=False).result()
    _used = record
