# message: returned a coroutine
import os
import re


async def settings():
    url = os.getenv("DATABASE_URL")
    return {
        "api_url": os.getenv("PREFECT_API_URL"),
        "api_key": "set" if os.getenv("PREFECT_API_KEY") else "not set",
        "database_url": url and re.sub(r":[^:@]*@", ":***@", url),
    }
