import threading

from prefect import flow, task

from workbook.work import ask


class Night:
    def __init__(self):
        self.finished, self.lock = [], threading.Lock()

    def note(self, index):
        with self.lock:
            self.finished.append(index)


@flow
def in_order(indexes, durations):
    night = Night()

    @task
    def query(index, seconds):
        rows = ask(index, seconds)
        night.note(index)
        return rows

    return night.finished, query.map(indexes, durations).result()
