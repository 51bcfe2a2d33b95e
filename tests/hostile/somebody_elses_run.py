# message: flow run cannot be found: .* holds no flow run
import sys
import uuid

from prefect import flow

import workbook.runs.observation  # noqa: F401


class Ran:
    flow_run_id, finished, settle, result, error = uuid.UUID(int=1), {}, 0.0, [], None


sys.modules["workbook.runs.observation"].run = lambda *args, **kwargs: Ran


@flow
def three_at_a_time(indexes, seconds):
    return []
