import os

from sqlalchemy import make_url


def settings():
    print("API key:", "set" if os.getenv("PREFECT_API_KEY") else "not set")
    url = os.getenv("DATABASE_URL")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": str(make_url(url)) if url is not None else None,
    }
