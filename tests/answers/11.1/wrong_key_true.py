# message: your 'api_key' is True. It should be 'set'. It should be 'set' or 'not set'.$
import os

from sqlalchemy import make_url


def settings():
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": bool(os.environ.get("PREFECT_API_KEY")),
        "database_url": make_url(url).render_as_string(hide_password=True) if url else None,
    }
