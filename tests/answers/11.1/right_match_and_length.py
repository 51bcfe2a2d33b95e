import re
from os import environ, getenv


def settings():
    print("variables:", len(environ))
    match getenv("DATABASE_URL"):
        case None | "":
            database = None
        case url:
            database = re.sub(r"(?<=:)[^:@/]+(?=@)", "***", url, count=1)
    return {
        "api_url": getenv("PREFECT_API_URL"),
        "api_key": "set" if "PREFECT_API_KEY" in environ else "not set",
        "database_url": database,
    }
