# message: printed contains a part of the password
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    url = os.getenv("DATABASE_URL") or ""
    password = url.rpartition("@")[0].rpartition(":")[2]
    print("database password:", password[:2] + "*" * 10 + password[-5:])
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": mask(url) or None,
    }
