import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(persist_result=True)
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    done = json.loads(file.read_text())["rows"] if file.exists() else []
    while batch := indexes[len(done) : len(done) + size]:
        futures = [query.submit(index, seconds) for index in batch]
        done += [future.result() for future in futures]
        file.write_text(json.dumps({"rows": done}))
    return done
