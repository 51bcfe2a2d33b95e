import json
import sqlite3

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    with sqlite3.connect(checkpoint) as db:
        db.execute("create table if not exists answers (number integer primary key, rows text)")
        known = {number: json.loads(rows) for number, rows in db.execute("select number, rows from answers")}
    left = [index for index in indexes if index not in known]
    while left:
        batch, left = left[:size], left[size:]
        futures = {index: query.submit(index, seconds) for index in batch}
        found = {index: future.result() for index, future in futures.items()}
        with sqlite3.connect(checkpoint) as db:
            db.executemany("insert into answers values (?, ?)", [(n, json.dumps(r)) for n, r in found.items()])
        known |= found
    return [known[index] for index in indexes]
