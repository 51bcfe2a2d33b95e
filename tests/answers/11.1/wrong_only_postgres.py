# message: contains the whole password
import os


def settings():
    url = os.environ.get("DATABASE_URL")
    if url and url.startswith("postgresql://"):
        head, tail = url.rsplit("@", 1)
        url = head.rsplit(":", 1)[0] + ":***@" + tail
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": url,
    }
