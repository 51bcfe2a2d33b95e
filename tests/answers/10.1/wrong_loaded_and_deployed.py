# message: doesn't know where its code is stored.*flow\.from_source
import sys

from prefect.deployments import run_deployment


def deploy_and_trigger(folder, pool, number):
    sys.path.insert(0, folder)
    from nightly import nightly

    nightly.deploy(name="workshop", work_pool_name=pool)
    run_deployment("nightly/workshop", parameters={"number": number}, timeout=0)
