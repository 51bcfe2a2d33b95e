import queue
import threading
from collections.abc import Iterator

from prefect import flow, task

from workbook.work import ask


@task
def query(index: int, seconds: float) -> list[dict]:
    return ask(index, seconds)


def as_they_end(futures: dict) -> Iterator[int]:
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()

    def watch(index):
        futures[index].wait()
        ended.put(index)

    for index in futures:
        threading.Thread(target=watch, args=(index,), daemon=True).start()
    for _ in futures:
        yield ended.get()


@flow
def in_order(indexes: list[int], durations: list[float]) -> tuple[list[int], list[list[dict]]]:
    futures = {index: query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)}
    finished = list(as_they_end(futures))
    return finished, [future.result() for future in futures.values()]
