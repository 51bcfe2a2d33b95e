"""Lesson 11: credentials, and what to watch once flows run by themselves."""

from workbook.grading.exercises import leaks
from workbook.grading.exercises.attention import watched
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer

SETTINGS = ("PREFECT_API_URL", "PREFECT_API_KEY", "DATABASE_URL")
HOURLY, WATCHED = "hourly", "watched"  # the flows whose runs are late, and those of all kinds


# ----------------------------------------
# 11.1 Settings without secrets


def masked(answer: Answer) -> None:
    """Two environments with random secrets, and one with none; no piece of a secret may come out anywhere."""
    for _ in range(2):
        _one_environment(answer)
    answer.environment(**dict.fromkeys(SETTINGS))
    nothing = {"api_url": None, "api_key": "not set", "database_url": None}
    _settings_are(answer.call(), nothing, "With none of the three variables set,")


def _one_environment(answer: Answer) -> None:
    key, password = leaks.secrets(answer.rng, 24, 16)
    host = f"db-{answer.rng.randrange(10**4)}.example.com:{answer.rng.randrange(5000, 6000)}"
    api_url = f"https://prefect-{answer.rng.randrange(10**4)}.example.com/api"
    start, end = "postgresql://shop:", f"@{host}/orders"
    answer.environment(PREFECT_API_URL=api_url, PREFECT_API_KEY=key, DATABASE_URL=f"{start}{password}{end}")
    returned = answer.call()
    for name, secret in (("key", key), ("password", password)):
        _keeps_secret(name, secret, str(returned), "What you returned")
        _keeps_secret(name, secret, answer.printed(None), "What you printed")
    wanted = {"api_url": api_url, "api_key": "set", "database_url": f"{start}***{end}"}
    _settings_are(returned, wanted, "With all three variables set,")


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
            "Every character that you show is one less to guess. Readers only need to know that it is set.",
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
    stale = key != "database_url" or None in (returned[key], wanted[key])  # it may be of another moment
    inside = (
        " Do you read os.environ inside the function? A default argument, or a line outside of it, is read only once."
    )
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
            "Which of the three values may a stranger see as it is, and what does a reader need to know of the others?",
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
        variation="Run it every morning, from a scheduled flow, and let that flow fail if the list isn't empty. The "
        "check's flow runs were on its own grading server.",
        seconds=240,
    ),
)
