# message: no deployment of the flow 'nightly', though the flow has run, in your own process
from prefect import flow


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    return nightly(number)
