# message: Your flow returned 0 results
import subprocess
import sys

from prefect import flow


@flow
def three_at_a_time(indexes, seconds):
    sleeper = "import time; time.sleep(4321)"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleeper!r}], start_new_session=True)"
    for _ in range(25):  # each leaves one behind that is nobody's child
        subprocess.Popen([sys.executable, "-S", "-c", orphan], start_new_session=True)
        subprocess.Popen([sys.executable, "-S", "-c", sleeper])
    return []
