# message: What you returned contains the whole key
import os


def settings():
    key = os.environ.get("PREFECT_API_KEY", "")
    print(f"API key: {key[:8]}…")
    return {
        "api_url": os.environ.get("PREFECT_API_URL", "http://localhost:4200/api"),
        "api_key": key,
        "database_url": os.environ.get("DATABASE_URL"),
    }
