# message: your 'api_key' is 'not set'.*default argument
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings(key=os.getenv("PREFECT_API_KEY"), url=os.getenv("DATABASE_URL")):
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if key else "not set",
        "database_url": mask(url),
    }
