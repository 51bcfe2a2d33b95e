"""The production ETL: twenty queries, three at a time, then two clean-ups, then one publication.

    main_etl
    └── sub_etl
        ├── sql_query 0 … 19    at most three at once: the server's limit on the tag `database`
        ├── cleanup1            after every query has ended, well or badly
        └── cleanup2            after cleanup1

Run it with `python flows/prefect_flow.py`. The limit is the server's, so it also holds between several runs.
"""

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    try:
        from workbook import server
    except ModuleNotFoundError as error:
        raise SystemExit(f"Error: {error}. Install as README.md says, and run this with .venv's Python.") from None
    server.ensure_or_exit()

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing, warehouse

TAG, LIMIT = "database", 3


class QueriesFailed(Exception):
    """Some queries failed for good; the message names each of them and why."""


def worth_retrying(task: Any, task_run: Any, state: Any) -> bool:
    """A database may be back in ten seconds; a full disk is still full."""
    return not isinstance(state.result(raise_on_failure=False), publishing.PublishError)


@task(
    tags=[TAG],
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=worth_retrying,
    task_run_name="sql_query-{index}",
)
def sql_query(index: int, folder: str) -> dict[str, Any]:
    """Run one of the twenty queries and write its rows to a file in `folder`."""
    logger = get_run_logger()
    query = warehouse.QUERIES[index]
    logger.info("%s", query.question)
    rows = warehouse.query(index)
    file = Path(folder) / f"{index:02d}_{query.name}.json"
    with publishing.plain_errors():
        file.write_text(json.dumps({"question": query.question, "rows": rows}, indent=1), encoding="utf-8")
    return {"query": index, "name": query.name, "rows": len(rows), "file": file.name}


@task
def cleanup1() -> None:
    """Give the database its connections back."""
    warehouse.engine().dispose()


@task
def cleanup2() -> list[str]:
    """Remove what runs that died have left on the disk."""
    removed = publishing.sweep()
    get_run_logger().info("Removed %d old result folders", len(removed))
    return removed


@flow(name="sub-etl-job")
def sub_etl(folder: str) -> list[dict[str, Any]]:
    """Run every query, clean up whatever became of them, and return their results in order."""
    futures = [sql_query.submit(query.index, folder) for query in warehouse.QUERIES]
    wait(futures)
    results = [future.result(raise_on_failure=False) for future in futures]
    cleanup1.submit().result()
    cleanup2.submit().result()
    failed = defaultdict(list)  # by reason, so that a shared one is said once
    for query, future, result in zip(warehouse.QUERIES, futures, results, strict=True):
        if not future.state.is_completed():
            reason = f"{type(result).__name__}: {result}".partition("\n")[0]
            failed[reason].append(f"{query.index} {query.name}")
    if failed:
        why = "; ".join(f"{', '.join(names)} ({reason})" for reason, names in failed.items())
        raise QueriesFailed(f"{sum(map(len, failed.values()))} of {len(futures)} queries failed: {why}")
    return results


@flow(name="main-etl-job", log_prints=True)
def main_etl() -> dict[str, Any]:
    """The nightly job: all twenty results are published, or none."""
    warehouse.prepare()
    with publishing.staging(str(flow_run.id)) as folder:
        results = sub_etl(str(folder))
        publishing.publish(folder)
    return {"queries": len(results), "rows": sum(result["rows"] for result in results), "output": str(publishing.out())}


if __name__ == "__main__":
    from workbook.runs import script

    script.run(main_etl, tag=TAG, limit=LIMIT, work="queries", before=warehouse.prepare)
