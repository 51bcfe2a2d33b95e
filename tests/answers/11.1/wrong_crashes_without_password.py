# message: With DATABASE_URL=sqlite:///shop.db, which has no password, your function raised ValueError
import os


def settings():
    url = os.environ.get("DATABASE_URL")
    if url:
        start, end = url.split("@")
        user = start.rsplit(":", 1)[0]
        url = f"{user}:***@{end}"
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": url,
    }
