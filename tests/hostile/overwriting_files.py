# message: PermissionError.*only in its own folder
import pathlib

from prefect import flow

import workbook


@flow
def three_at_a_time(indexes, seconds):
    pathlib.Path(workbook.__file__).with_name("grading.py").write_text("passed = True")
    return []
