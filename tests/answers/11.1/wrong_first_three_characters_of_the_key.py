# message: printed contains a part of the key: some of its first characters
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    print("key:", (os.getenv("PREFECT_API_KEY") or "")[:3] + "…")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
