"""Lesson 11: credentials, and what to watch once flows run by themselves."""

from urllib.parse import unquote

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import leaks
from workbook.grading.exercises.attention import watched
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError

SETTINGS = ("PREFECT_API_URL", "PREFECT_API_KEY", "DATABASE_URL")
WITHOUT_PASSWORD = ("sqlite:///shop.db", "postgresql://shop@db.example.com:5432/orders")
FEWER = "Every character that you show is one less to guess. Readers only need to know that it is set."
HOURLY, WATCHED = "hourly", "watched"  # the flows whose runs are late, and those of all kinds


# ----------------------------------------
# 11.1 Settings without secrets


def masked(answer: Answer) -> None:
    """Two environments with random secrets, one with nothing, and one without a password.

    No piece of a secret may come out anywhere.
    """
    key, other, password, escaped = leaks.secrets(answer.rng, 24, 24, 16, 16)
    escaped = f"{escaped[:8]}%40{escaped[8:]}"  # an "@", as a URL has it
    _one_environment(answer, key, "postgresql", password)
    _one_environment(answer, other, "mysql+pymysql", escaped)
    nothing = {"api_url": None, "api_key": "not set", "database_url": None}
    _returned(answer, nothing, "With none of the three variables set,")
    for url in WITHOUT_PASSWORD:
        case = f"With DATABASE_URL={url}, which has no password,"
        _returned(answer, {"api_url": None, "api_key": "not set", "database_url": url}, case, DATABASE_URL=url)


def _one_environment(answer: Answer, key: str, kind: str, password: str) -> None:
    """One call with all three variables set.

    Args:
        answer: the learner's.
        key: the value of PREFECT_API_KEY.
        kind: of database, as the URL begins.
        password: as the URL has it.
    """
    host = f"db-{answer.rng.randrange(10**4)}.example.com:{answer.rng.randrange(5000, 6000)}"
    api_url = f"https://prefect-{answer.rng.randrange(10**4)}.example.com/api"
    start, end = f"{kind}://shop:", f"@{host}/orders"
    environment = {"PREFECT_API_URL": api_url, "PREFECT_API_KEY": key, "DATABASE_URL": f"{start}{password}{end}"}
    shown, returned = _output(answer, **environment)
    if isinstance(returned, dict) and isinstance(found := returned.get("database_url"), list | OpaqueValue):
        but = "" if isinstance(found, list) else f" but a {found.type}"  # a URL of SQLAlchemy arrives as a list
        holds = password in str(found) or unquote(password) in str(found)
        raise NotYet(
            f"Your 'database_url' isn't a string{but}{', and it still holds the password' if holds else ''}.",
            "It should be the URL as a string, with *** in place of the password.",
            "A URL object still holds the password, even if it prints as ***: render it as a string.",
        )
    for name, secret in (("key", key), ("password", password), ("password", unquote(password))):
        _keeps_secret(name, secret, str(returned), "What you returned")
        _keeps_secret(name, secret, answer.printed(None), "What you printed")
    wanted = {"api_url": api_url, "api_key": "set", "database_url": f"{start}***{end}"}
    _settings_are(returned, wanted, "With all three variables set,")
    others = {"key": {"PREFECT_API_KEY": leaks.another(key)},
              "password": {"DATABASE_URL": f"{start}{leaks.another(password)}{end}"}}  # fmt: skip
    for name, changed in others.items():
        differs = _output(answer, **environment | changed)[0] != shown
        if differs and _output(answer, **environment)[0] == shown:  # and no time or the like makes it differ
            raise NotYet(
                f"With another {name}, your function returned or printed something else: what it shows depends on it.",
                "It should depend only on whether it is set.", FEWER,
            )  # fmt: skip


def _output(answer: Answer, **environment: str) -> tuple[str, object]:
    """What a call in this environment returned and printed, as one text, and what it returned."""
    answer.environment(**dict.fromkeys(SETTINGS) | environment)
    before = len(answer.printed(None))
    returned = answer.call()
    return f"{returned}{answer.printed(None)[before:]}", returned


def _returned(answer: Answer, wanted: dict[str, str | None], case: str, **environment: str) -> None:
    """A call in this environment returns these settings."""
    try:
        returned = _output(answer, **environment)[1]
    except AnswerError as error:
        raise NotYet(f"{case} your function raised {str(error).rstrip('. ')}.", f"It should return {wanted}.") from None
    _settings_are(returned, wanted, case)


def _keeps_secret(name: str, secret: str, text: str, where: str) -> None:
    if secret in text:
        raise NotYet(
            f"{where} contains the whole {name}.",
            "It should contain no part of it.",
            "Many people read logs and reports, and they are kept for years.",
        )
    if found := leaks.leaked(secret, text):
        which = "first" if found[0] == 0 else "last" if found[-1] == len(secret) - leaks.LEAK else "middle"
        raise NotYet(
            f"{where} contains a part of the {name}: some of its {which} characters.",
            "It should contain no part of it.",
            FEWER,
        )


def _settings_are(returned: object, wanted: dict[str, str | None], case: str) -> None:
    if returned == wanted:
        return
    if not isinstance(returned, dict):
        raise NotYet(f"{case} your function returned {returned!r:.100}.", f"It should return the dict {wanted}.")
    if set(returned) != set(wanted):
        raise NotYet(f"Your dict has the keys {sorted(map(str, returned))}.", f"They should be {sorted(wanted)}.")
    key = next(key for key in wanted if returned[key] != wanted[key])
    hints = {
        "api_url": "It is the text of PREFECT_API_URL, or None.",
        "api_key": "It should be 'set' or 'not set'.",
        "database_url": "Only the password between ':' and '@' becomes ***; the rest of the URL stays.",
    }
    moments = {"api_key": ("set", "not set"), "database_url": (None,)}  # the value may be of another moment
    stale = key == "api_url" or returned[key] in moments[key] or wanted[key] is None
    inside = (
        " Do you read os.environ inside the function? A default argument, or a line outside of it, is read only once."
    )
    if returned[key] == "" and wanted[key] is None:
        raise NotYet(
            f"{case} your {key!r} is an empty string.", "It should be None.",
            "`os.environ.get(name)` returns None by itself: leave its default out.",
        )  # fmt: skip
    raise NotYet(
        f"{case} your {key!r} is {returned[key]!r:.120}.",
        f"It should be {wanted[key]!r}.",
        f"{hints[key]}{inside if stale else ''}",
    )


EXERCISES = (
    Exercise(
        id="11.1",
        title="Settings without secrets",
        kind="fix",
        minutes=8,
        entry="settings",
        hints=(
            "Which of the three values may a stranger see as it is, and what does a reader need to know about the "
            "others?",
            "For the key, say only whether there is one. For the URL, `make_url(url).render_as_string(…)` takes an "
            "argument about the password: see https://docs.sqlalchemy.org/en/20/core/engines.html. What happens if "
            "there is no URL?",
            "`'set' if … else 'not set'`, and `make_url(url).render_as_string(hide_password=…) if url else …`. Don't "
            "print anything.",
        ),
        grade=masked,
        why="Dev and prod run the same code in different environments, so read the environment at every call. What you "
        "never print or return can't end up in a log.",
        variation="Put an `@` into the password of a `DATABASE_URL`, written as `%40`. Does your mask still hold?",
    ),
    Exercise(
        id="11.2",
        title="What needs attention?",
        minutes=12,
        entry="needs_attention",
        hints=(
            "Which states are bad news? Which of them are types of state, and which are only names? And what if there "
            "are more flow runs than the server sends at once?",
            "`client.read_flow_runs` takes a `flow_run_filter`, a `sort`, a `limit` and an `offset`: see "
            "https://docs.prefect.io/v3/advanced/api-client. A state's filter has `type`, `name` and "
            "`operator='or_'`.",
            "`wanted = FlowRunFilter(expected_start_time={'after_': since}, state={…})`; then "
            "`while page := client.read_flow_runs(flow_run_filter=wanted, sort=…, limit=200, offset=…):`",
        ),
        grade=watched,
        why="The server filters and sorts, and sends at most 200 flow runs at a time. Without `offset` you'd miss the "
        "rest, and nothing would tell you. Late runs are often the only sign of a worker that isn't running.",
        variation="Run it every morning, from a scheduled flow, and let that flow fail if the list isn't empty. "
        "(The check's flow runs are on its own server, not on yours.)",
        seconds=240,
    ),
)
