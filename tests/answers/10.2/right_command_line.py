import subprocess
import sys


def deploy_nightly(folder, pool):
    command = ["deploy", "nightly.py:nightly", "--name", "at-two", "--pool", pool]
    command += ["--cron", "0 2 * * *", "--timezone", "Europe/Zurich", "--concurrency-limit", "1"]
    subprocess.run([sys.executable, "-m", "prefect", "--no-prompt", *command], cwd=folder, check=True)
