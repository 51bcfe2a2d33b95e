# message: Your call raised ObjectNotFound.*The server has no deployment of the flow 'nightly' yet
from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    run_deployment("nightly/workshop", parameters={"number": number}, timeout=0)
