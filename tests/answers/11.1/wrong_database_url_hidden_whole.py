# message: your 'database_url' is '\*\*\*'.*Only the password
import os


def settings():
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": "***" if os.getenv("DATABASE_URL") else None,
    }
