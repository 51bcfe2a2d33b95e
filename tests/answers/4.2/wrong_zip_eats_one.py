# message: ran query \d+, but never query \d+, which belongs to a batch before it.*how you cut `indexes`
import pickle
from pathlib import Path

from prefect import flow, task, unmapped
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task(log_prints=True)
def keep(file, known):
    new = file.with_name(file.name + "~")
    new.write_bytes(pickle.dumps(known))
    new.replace(file)
    print(len(known), "kept")


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    known = pickle.loads(file.read_bytes()) if file.exists() else {}
    left = iter([index for index in indexes if index not in known])
    while batch := [index for index, _ in zip(left, range(size))]:
        futures = query.map(batch, unmapped(seconds))
        wait(futures)
        known = {**known, **dict(zip(batch, futures.result()))}
        keep(file, known)
    return list(map(known.__getitem__, indexes))
