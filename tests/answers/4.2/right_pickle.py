import pickle
from pathlib import Path

from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    done = pickle.loads(file.read_bytes()) if file.exists() else []
    for first in range(len(done), len(indexes), size):
        done += query.map(indexes[first : first + size], unmapped(seconds)).result()
        file.write_bytes(pickle.dumps(done))
    return done
