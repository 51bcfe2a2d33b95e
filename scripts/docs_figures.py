"""The figures of docs/concurrency_guide.md, drawn from a race that is run for them: `make docs-figures`.

Every number in them is from Prefect's records of that run, so another machine's figures say something else.
"""

import sys
from pathlib import Path

import _start  # noqa: F401

from flows.warehouse import WarehouseError
from workbook import paths, race
from workbook.figures.gantt import picture
from workbook.figures.words import headline
from workbook.prefect_server import local

FOLDER = paths.ROOT / "docs" / "figures"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ran = race(pool=True)
    if ran.errors:
        sys.exit("\n".join(ran.errors))
    lanes = {lane.name: lane for lane in ran.lanes}
    ran.picture.save(folder / "race.png")
    titles = {"uncontrolled": "Nothing holds them back", "limited": "A tag limit", "batched": "Batches"}
    for name, title in titles.items():
        timeline, limit = lanes[name].timeline, lanes[name].limit
        picture(timeline, limit, f"{title}: {headline(timeline, limit)}").save(folder / f"{name}.png")
    print(ran)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    except (local.ServerError, WarehouseError) as error:
        sys.exit(f"Error: {error}")
