# message: had not ended after 8 s. These task runs had not ended: query-.*line \d+ in query, `never.wait\(\)`
# seconds: 8
import threading

from prefect import flow, task


@task(tags=["database"])
def query(index):
    never = threading.Event()
    never.wait()


@flow
def three_at_a_time(indexes, seconds):
    return [future.result() for future in [query.submit(index) for index in indexes]]
