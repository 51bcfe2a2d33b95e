import subprocess


def ensure_limit(tag, slots):
    limit = [f"tag:{tag}", "--limit", str(slots)]
    if subprocess.run(["prefect", "gcl", "update", *limit]).returncode:
        subprocess.run(["prefect", "gcl", "create", *limit], check=True)
