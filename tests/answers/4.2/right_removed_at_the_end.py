import pickle
from contextlib import contextmanager
from pathlib import Path

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@contextmanager
def kept(path):
    path = Path(path)
    known = pickle.loads(path.read_bytes()) if path.exists() else {}
    yield known, lambda: path.write_bytes(pickle.dumps(known))
    path.unlink()


@flow
def resume(indexes, seconds, size, checkpoint):
    with kept(checkpoint) as (known, save):
        left = [index for index in indexes if index not in known]
        for first in range(0, len(left), size):
            batch = left[first : first + size]
            known.update(zip(batch, query.map(batch, unmapped(seconds)).result()))
            save()
        return [known[index] for index in indexes]
