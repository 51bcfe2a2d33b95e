# message: PermissionError.*only in its own folder
import json

from prefect import flow

from workbook.grading import progress


@flow
def three_at_a_time(indexes, seconds):
    progress.file().write_text(json.dumps({"3.1": {"last": "passed", "passed": "2026-01-01"}}))
    return []
