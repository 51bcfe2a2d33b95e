# message: With another key.*what it shows depends on it
import hashlib
import os

from sqlalchemy.engine import make_url


def settings():
    key, url = os.environ.get("PREFECT_API_KEY"), os.environ.get("DATABASE_URL")
    if key:
        print("API key sha256:", hashlib.sha256(key.encode()).hexdigest()[:12])
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if key else "not set",
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
