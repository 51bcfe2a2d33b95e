# message: of its \d slots taken after your call.*reset. doesn't change it
import subprocess
import sys


def free_slots(tag):
    subprocess.run([sys.executable, "-m", "prefect", "concurrency-limit", "reset", tag], check=True)
