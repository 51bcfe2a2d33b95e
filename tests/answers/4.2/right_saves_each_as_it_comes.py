import json
import sqlite3

from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task(retries=1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    table = sqlite3.connect(checkpoint)
    table.execute("create table if not exists answers (query integer primary key, rows text)")
    known = {index for (index,) in table.execute("select query from answers")}
    for first in range(0, len(indexes), size):
        batch = [index for index in indexes[first : first + size] if index not in known]
        futures = {query.submit(index, seconds): index for index in batch}
        for future in as_completed(futures):
            rows = json.dumps(future.result())
            with table:
                table.execute("insert into answers values (?, ?)", (futures[future], rows))
    found = {index: json.loads(rows) for index, rows in table.execute("select * from answers")}
    table.close()
    return [found[index] for index in indexes]
