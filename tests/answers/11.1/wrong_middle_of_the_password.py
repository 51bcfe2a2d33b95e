# message: printed contains a part of the password: some of its middle characters
import os
import re
from urllib.parse import urlsplit


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    print("password …" + (urlsplit(os.getenv("DATABASE_URL") or "").password or "")[5:9] + "…")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
