# message: PermissionError.*only in its own folder
import pathlib
import shutil

from prefect import flow

import workbook


@flow
def three_at_a_time(indexes, seconds):
    shutil.rmtree(pathlib.Path(workbook.__file__).parents[1])
    return []
