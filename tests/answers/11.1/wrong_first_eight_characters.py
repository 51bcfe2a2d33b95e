# message: returned contains a part of the key: some of its first characters
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    key = os.getenv("PREFECT_API_KEY")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": f"{key[:8]}..." if key else "not set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
