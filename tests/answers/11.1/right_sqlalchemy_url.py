import os

from sqlalchemy.engine import make_url


def masked(url):
    return None if url is None else make_url(url).render_as_string(hide_password=True)


def settings():
    key = "not set"
    if "PREFECT_API_KEY" in os.environ:
        key = "set"
    return dict(
        api_url=os.environ.get("PREFECT_API_URL"), api_key=key, database_url=masked(os.environ.get("DATABASE_URL"))
    )
