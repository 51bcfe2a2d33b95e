"""How the processes of answers are made. It loads nothing heavy, so that they can be prepared while Prefect loads."""

import multiprocessing


def context() -> multiprocessing.context.BaseContext:
    """Children are forked from a process that has loaded Prefect, where the system can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(["workbook.preload"])
    return forking


def warm_up() -> None:
    """Begin to load Prefect for the children, in the background, so that the first verdict need not wait for it."""
    if context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        forkserver.ensure_running()
