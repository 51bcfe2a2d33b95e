# message: returned contains the whole password
import os
import re


def settings():
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": url and re.sub(r":\w+@", ":***@", url),
    }
