# message: is in the file 'connection\.json', which your flow has left
import json
import os
from pathlib import Path

from prefect import flow
from sqlalchemy import make_url


@flow(log_prints=True)
def connect():
    url = make_url(os.environ["DATABASE_URL"])
    settings = {"host": url.host, "user": url.username, "password": url.password}
    Path("connection.json").write_text(json.dumps(settings, indent=1))
    print(f"Connecting to {url.host}")
    return url.host
