# message: The server refused your flow run: the flow has no parameter 'n'
import subprocess
import sys

from prefect import flow


def deploy_and_trigger(folder, pool, number):
    nightly = flow.from_source(source=folder, entrypoint="nightly.py:nightly")
    nightly.deploy(name="workshop", work_pool_name=pool)
    command = ["-m", "prefect", "deployment", "run", "nightly/workshop", "--param", f"n={number}"]
    subprocess.run([sys.executable, *command], check=True)
