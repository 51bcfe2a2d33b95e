# message: With none of the three variables set, your 'api_key' is 'set'
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
