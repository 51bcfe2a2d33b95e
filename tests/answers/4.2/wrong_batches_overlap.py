# message: ran at once\. It should have been|began before batch \d had ended|of the fourth batch
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    done = json.loads(file.read_text()) if file.exists() else []
    starts = range(len(done), len(indexes), size)
    batches = [[]] + [indexes[first : first + size] for first in starts]
    running = []
    for batch in batches:
        following = [query.submit(index, seconds) for index in batch]
        done += [future.result() for future in running]
        running = following
        file.write_text(json.dumps(done))
    done += [future.result() for future in running]
    file.write_text(json.dumps(done))
    return done
