import logging
import os
from urllib.parse import urlsplit, urlunsplit


class Environment(dict):
    def __missing__(self, name):
        return os.environ.get(name)

    def __repr__(self):
        return f"<{type(self).__name__}>"


def masked(url):
    parts = urlsplit(url)
    if parts.password is None:
        return url
    login, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}:***@{place}"))


def settings():
    found = Environment()
    logging.getLogger("settings").warning("read from %r", found)
    url = found["DATABASE_URL"]
    return {
        "database_url": masked(url) if url else None,
        "api_key": ("not set", "set")[bool(found["PREFECT_API_KEY"])],
        "api_url": found["PREFECT_API_URL"],
    }
