# message: With another password, your function returned or printed something else
import os

from sqlalchemy import make_url


def starred(secret):
    return secret and secret[:2] + "*" * (len(secret) - 2)


def settings():
    url = os.environ.get("DATABASE_URL")
    if url:
        found = make_url(url)
        print("database:", found.host, "user:", found.username, "password:", starred(found.password))
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
