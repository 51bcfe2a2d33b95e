import os
from urllib.parse import urlsplit


def settings():
    url = os.environ.get("DATABASE_URL")
    if url and (password := urlsplit(url).password):
        url = url.replace(password, "***")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": url,
    }
