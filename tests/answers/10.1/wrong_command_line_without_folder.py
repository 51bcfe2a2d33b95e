# message: found no file nightly.py.*pass .folder. on
import subprocess
import sys


def deploy_and_trigger(folder, pool, number):
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    subprocess.run([*prefect, "deploy", "nightly.py:nightly", "--name", "workshop", "--pool", pool], check=True)
    subprocess.run([*prefect, "deployment", "run", "nightly/workshop", "-p", f"number={number}"], check=True)
