import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from prefect import flow, get_run_logger, task, unmapped

from workbook.work import ask


class Line(NamedTuple):
    index: int
    rows: list[dict[str, Any]]


@task
def query(index, seconds):
    return ask(index, seconds)


def lines(file: Path) -> Iterator[Line]:
    if file.is_file():
        with file.open(encoding="utf-8") as opened:
            yield from (Line(*json.loads(text)) for text in opened if text.strip())


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    known = {line.index: line.rows for line in lines(file)}
    get_run_logger().info("%s known", len(known))
    left = [index for index in indexes if index not in known]
    while left:
        batch, left = left[:size], left[size:]
        found = list(map(Line, batch, query.map(batch, unmapped(seconds)).result()))
        with file.open("a", encoding="utf-8") as opened:
            opened.writelines(json.dumps(line) + "\n" for line in found)
        known.update(found)
    return [known[index] for index in indexes]
