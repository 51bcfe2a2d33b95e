# message: Your flow returned '\\udcff'\. It should return
from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    return b"\xff".decode(errors="surrogateescape")
