# message: of its slots taken after your call.*reset. does not touch it
import subprocess
import sys


def free_slots(tag):
    subprocess.run([sys.executable, "-m", "prefect", "concurrency-limit", "reset", tag], check=True)
