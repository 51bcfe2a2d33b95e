# message: No task ran
import os
import sys

from prefect import flow

from workbook.work import ask

sys.stdout.close()
os.close(2)


@flow
def three_at_a_time(indexes, seconds):
    return [ask(index, seconds) for index in indexes]
