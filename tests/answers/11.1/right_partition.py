import os


def hidden(url):
    scheme, slashes, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not at:
        return url
    user, colon, _ = login.partition(":")
    return scheme + slashes + user + (":***" if colon else "") + at + place


def settings():
    read = os.environ.get
    url = read("DATABASE_URL")
    return dict(
        api_url=read("PREFECT_API_URL"),
        api_key=("not set", "set")["PREFECT_API_KEY" in os.environ],
        database_url=url and hidden(url),
    )
