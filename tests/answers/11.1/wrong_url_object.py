# message: Your 'database_url' isn't a string, and it still holds the password.*render it as a string
import os

from sqlalchemy import make_url


def settings():
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": make_url(url) if url else None,
    }
