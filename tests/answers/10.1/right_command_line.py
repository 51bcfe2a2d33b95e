import re
import subprocess
import sys
from pathlib import Path


def prefect(*words, cwd):
    subprocess.run([sys.executable, "-m", "prefect", "--no-prompt", *words], cwd=cwd, check=True)


def deploy_and_trigger(folder, pool, number):
    prefect("deploy", "nightly.py:nightly", "--name", "workshop", "--pool", pool, cwd=folder)
    name = re.search(r"@flow\(name='([^']*)'", (Path(folder) / "nightly.py").read_text())[1]
    prefect("deployment", "run", f"{name}/workshop", "--param", f"number={number}", cwd=folder)
