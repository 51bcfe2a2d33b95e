# message: had not ended after 8 s
# seconds: 8
import threading
from pathlib import Path

from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    Path("stacks.txt").unlink()
    threading.Event().wait()
