# message: returned contains the whole password
import os


def settings():
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": os.getenv("DATABASE_URL"),
    }
