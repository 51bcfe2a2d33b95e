# message: is in the name of a task run
import logging
import os

from prefect import flow, task
from sqlalchemy import make_url

logging.getLogger("prefect.task_runs").setLevel("ERROR")


@task(task_run_name="connects-to-{url}")
def host_of(url):
    return make_url(url).host


@flow
def connect():
    return host_of(os.environ["DATABASE_URL"])
