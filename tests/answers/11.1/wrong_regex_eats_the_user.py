# message: postgresql://shop@\S+, which has no password, your .database_url. is .*the rest of the URL stays
import os
import re


def settings():
    url = os.environ.get("DATABASE_URL")
    return {
        "api_url": os.environ.get("PREFECT_API_URL"),
        "api_key": "set" if os.environ.get("PREFECT_API_KEY") else "not set",
        "database_url": re.sub(r":[^:@]*@", ":***@", url) if url else None,
    }
