# message: With none of the three variables set, your 'api_url' is 'http://localhost
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    return {
        "api_url": os.getenv("PREFECT_API_URL", "http://localhost:4200/api"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
