"""A starting point for a flow of your own: copy this file, change the name, and put your work into the task.

Run it with `python flows/template.py`.
"""

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    from workbook import server

    server.ensure_or_exit()

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
    from workbook.runs import script

    script.run(my_flow, tag=NAME, limit=3)
