import subprocess
import sys


def prefect(*words):
    return subprocess.run([sys.executable, "-m", "prefect", "gcl", *words]).returncode


def ensure_limit(tag, slots):
    name = f"tag:{tag}"
    if prefect("update", name, "--limit", str(slots)):
        prefect("create", name, "--limit", str(slots))
