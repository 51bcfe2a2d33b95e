"""What the process that answers are forked from loads once, so that none of them has to: Prefect, and the database.

Only modules are loaded here. Nothing may start a thread, for a fork keeps none but the one that forks.
"""

import prefect.engine
import prefect.flow_engine
import prefect.futures
import prefect.main  # what `from prefect import flow, task` loads
import prefect.task_engine
import prefect.task_runners  # noqa: F401

import workbook.observe
import workbook.work  # noqa: F401
