# message: With another key, your function returned or printed something else
import os

from sqlalchemy import make_url


def settings():
    key = os.environ.get("PREFECT_API_KEY")
    url = os.environ.get("DATABASE_URL")
    print("API key:", f"{key[0]}***" if key else "not set")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if key else "not set",
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
