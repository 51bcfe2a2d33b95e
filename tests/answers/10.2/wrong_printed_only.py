# message: The server has no deployment of the flow 'nightly'
from prefect import flow
from prefect.schedules import Cron


def deploy_nightly(folder, pool):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    print(nightly.name, "will run on", pool, Cron("0 2 * * *", timezone="Europe/Zurich"))
