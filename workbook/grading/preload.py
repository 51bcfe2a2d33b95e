"""What the process that graders and answers are forked from loads once, so that none of them has to.

Nothing may start a thread, for a fork keeps none but the one that forks. What is loaded
stays, so no garbage is looked for meanwhile, nor among it in any of the children (docs.python.org: gc.freeze).
"""
# ruff: noqa: E402, F401

import gc

gc.disable()

import fastapi.encoders  # this, pydantic.v1 and the visualization: what a flow loads when it is first called
import prefect.engine
import prefect.flow_engine
import prefect.futures
import prefect.main  # what `from prefect import flow, task` loads
import prefect.task_engine
import prefect.task_runners
import prefect.utilities.visualization
import pydantic.v1
import sqlalchemy.dialects.sqlite

import workbook.grading.engine
import workbook.lessons.queries
from workbook.grading import children
from workbook.grading.exercises import all_exercises

children.without_heartbeat()
all_exercises()

gc.freeze()
gc.enable()
