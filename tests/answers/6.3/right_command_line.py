import subprocess
import sys


def free_slots(tag):
    prefect = [sys.executable, "-m", "prefect"]
    subprocess.run([*prefect, "gcl", "update", f"tag:{tag}", "--active-slots", "0"], check=True)
