"""What Airflow's user types, `airflow dags trigger queries`, and a look at the run until it has ended."""

import subprocess
import sys
from uuid import uuid4


def trigger(dag_id: str) -> None:
    run = str(uuid4())
    _airflow("trigger", dag_id, "--run-id", run)
    while (state := _airflow("state", dag_id, run)) in ("queued", "running"):
        pass  # each look takes seconds
    if state != "success":
        sys.exit(f"The run ended in the state {state}.")


def _airflow(*words: str) -> str:
    """What a command says in its last line."""
    command = [sys.executable, "-m", "airflow", "dags", *words]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.splitlines()[-1]
