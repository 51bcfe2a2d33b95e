import json
from dataclasses import dataclass, field
from pathlib import Path

from prefect import flow, task
from prefect.futures import as_completed
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@dataclass
class Night:
    folder: Path
    names: dict = field(default_factory=dict)

    def keep(self, index, rows):
        self.names[index] = f"{index:02d}.json"
        (self.folder / self.names[index]).write_text(json.dumps(rows))


query = task(ask, name="query")


@task
def sweep():
    return publishing.sweep()


@flow
def publish_nightly(indexes, seconds):
    sweep()
    with publishing.staging(str(flow_run.id)) as folder:
        night, futures = Night(folder), {query.submit(index, seconds): index for index in indexes}
        for future in as_completed(list(futures)):
            night.keep(futures[future], future.result())
        publishing.publish(folder)
    return [night.names[index] for index in indexes]
