# message: wrote into queries.jsonl
from pathlib import Path

from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    Path("queries.jsonl").write_bytes(b"\xff{ my own notes")
    return 1
