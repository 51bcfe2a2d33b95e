import os
import re


def settings():
    found = {name: os.getenv(name) for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "DATABASE_URL")}
    print("api key:", bool(found["PREFECT_API_KEY"]))
    database = found["DATABASE_URL"]
    return {
        "api_url": found["PREFECT_API_URL"],
        "api_key": "set" if found["PREFECT_API_KEY"] else "not set",
        "database_url": database and re.sub(r"(://[^:/@]*:)[^@]*@", r"\1***@", database),
    }
