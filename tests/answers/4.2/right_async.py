import asyncio
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    done = json.loads(file.read_text()) if file.exists() else []
    while len(done) < len(indexes):
        batch = indexes[len(done) : len(done) + size]
        done += await asyncio.gather(*(query(index, seconds) for index in batch))
        file.write_text(json.dumps(done))
    return done
