# message: printed contains the whole key
import os
import re


def mask(url):
    return url and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", url)


def settings():
    key = os.getenv("PREFECT_API_KEY")
    print(f"Using API Key: {key}")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if key else "not set",
        "database_url": mask(os.getenv("DATABASE_URL")),
    }
