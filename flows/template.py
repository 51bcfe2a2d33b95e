"""A starting point for a flow of your own: copy this file, change the name, and put your work into the task.

It needs nothing but Prefect. Name your server, limit the tag once, and run it:

    export PREFECT_API_URL=http://127.0.0.1:4200/api    # PowerShell: $env:PREFECT_API_URL = "http://127.0.0.1:4200/api"
    prefect gcl create tag:my-flow --limit 3
    python flows/template.py
"""

import importlib.util
import os
import sys

if __name__ == "__main__":
    if not importlib.util.find_spec("prefect"):
        sys.exit("Error: this Python has no Prefect. Activate the environment that has it, or `pip install prefect`.")
    if not os.getenv("PREFECT_API_URL"):  # without it, Prefect would start a server for this one run
        sys.exit("Error: PREFECT_API_URL must be your server's address, such as http://127.0.0.1:4200/api (not set).")

from typing import Any

from prefect import flow, get_run_logger, task

NAME = "my-flow"  # the one place to rename: the flow, its task and its tag follow


@task(name=f"{NAME}-task", tags=[NAME], retries=2, retry_delay_seconds=10)
def my_task(param: int) -> dict[str, Any]:
    """Task description."""
    logger = get_run_logger()
    logger.info("Processing %s…", param)

    result = param * 2  # your logic here

    logger.info("Completed: %s", result)
    return {"param": param, "result": result}


@flow(name=NAME, log_prints=True)
def my_flow() -> list[dict[str, Any]]:
    """Flow description."""
    logger = get_run_logger()
    logger.info("Starting flow…")
    futures = [my_task.submit(i) for i in range(10)]  # submit all of them first …
    results = [future.result() for future in futures]  # … then wait for each, and fail if one of them did
    logger.info("Completed %d tasks", len(results))
    return results


if __name__ == "__main__":
    print("API key:", "set" if os.getenv("PREFECT_API_KEY") else "not set")  # never print any part of it
    my_flow()
