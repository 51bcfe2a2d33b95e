"""The standard library: asyncio, with a semaphore of three."""

import asyncio

from timed import TWENTY, query


async def one_query(index, slots):
    async with slots:
        return await asyncio.to_thread(query, index)


async def queries():
    slots = asyncio.Semaphore(3)
    return await asyncio.gather(*(one_query(index, slots) for index in TWENTY))


if __name__ == "__main__":
    rows = asyncio.run(queries())
