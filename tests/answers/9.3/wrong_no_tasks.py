# message: No task ran: Prefect knows of none
import json

from prefect import flow
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        for index in indexes:
            (folder / f"{index:02d}.json").write_text(json.dumps(ask(index, seconds)))
        publishing.publish(folder)
    return [f"{index:02d}.json" for index in indexes]
