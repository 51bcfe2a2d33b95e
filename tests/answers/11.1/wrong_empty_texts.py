# message: is an empty string.*leave its default out
import os

from sqlalchemy import make_url


def settings():
    url = os.environ.get("DATABASE_URL", "")
    return {
        "api_url": os.environ.get("PREFECT_API_URL", ""),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": make_url(url).render_as_string() if url else "",
    }
