# message: With none of the three variables set, your function raised KeyError
import os

from sqlalchemy import make_url


def settings():
    return {
        "api_url": os.environ["PREFECT_API_URL"],
        "api_key": "set" if os.environ["PREFECT_API_KEY"] else "not set",
        "database_url": make_url(os.environ["DATABASE_URL"]).render_as_string(hide_password=True),
    }
