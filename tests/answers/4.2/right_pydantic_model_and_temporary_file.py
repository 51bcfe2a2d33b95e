import os
import tempfile
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.futures import wait
from pydantic import BaseModel, Field

from workbook.work import ask


class Checkpoint(BaseModel):
    answers: dict[int, list[dict[str, Any]]] = Field(default_factory=dict)

    @classmethod
    def load(cls, file: Path) -> "Checkpoint":
        return cls.model_validate_json(file.read_bytes()) if file.exists() else cls()

    def dump(self, file: Path) -> None:
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as new:
            new.write(self.model_dump_json(indent=1))
        os.replace(new.name, file)


@task(task_run_name="query-{index}")
def query(index: int, seconds: float) -> list[dict[str, Any]]:
    return ask(index, seconds)


@flow
def resume(indexes: list[int], seconds: float, size: int, checkpoint: Path) -> list[list[dict[str, Any]]]:
    done = Checkpoint.load(checkpoint)
    for first in range(0, len(indexes), size):
        batch = [index for index in indexes[first : first + size] if index not in done.answers]
        futures = {index: query.submit(index, seconds) for index in batch}
        wait(list(futures.values()))
        done.answers |= {index: future.result() for index, future in futures.items()}
        done.dump(checkpoint)
    return [done.answers[index] for index in indexes]
