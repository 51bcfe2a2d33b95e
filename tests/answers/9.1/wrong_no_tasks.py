# message: No task ran
from prefect import flow

from workbook.work import ask


def query(index, seconds, tries=3):
    try:
        return ask(index, seconds)
    except Exception:
        if tries == 1:
            raise
        return query(index, seconds, tries - 1)


@flow
def persistent(indexes, seconds):
    return [query(index, seconds) for index in indexes]
