# message: left no limit on .*in another folder than your notebook's
import subprocess
import sys


def ensure_limit(tag, slots):
    subprocess.run([sys.executable, "../scripts/setup_concurrency_limit.py", "--tag", tag, "--limit", str(slots)])
