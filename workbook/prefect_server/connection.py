"""Point this process at a Prefect server that answers: the local one, or the one that `PREFECT_API_URL` names.

Prefect reads its settings when it is imported, so `ensure()` comes before the first `import prefect`.
"""

import contextlib
import os
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from workbook.paths import home, in_notebook
from workbook.prefect_server import own, process
from workbook.prefect_server.local import ANSWER_SECONDS, Record, ServerError, plain_disk_errors, start
from workbook.prefect_server.settings import one_authority

CHECK_SECONDS = 4  # to connect to a server


def ensure(say: Callable[[str], None] | None = None) -> None:
    """Point this process at a Prefect server that answers; the local one is started when none is named.

    When the local one has stopped, a new one is started, and this process goes on with that.

    Args:
        say: called with one line on which server is used; prints to standard output if not given.

    Raises:
        ServerError: no server could be started, the one given does not answer or refuses, or Prefect has already been
            imported with an address of somebody else's.
    """
    say = say or print
    if in_notebook():  # it shows what its cells are about; the web UI has every log line
        for name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
            os.environ.setdefault(name, "CRITICAL")
    if given := given_url():
        if not _is_web_address(given):
            raise ServerError(
                f"PREFECT_API_URL must be a web address (got {without_password(given)}), such as "
                "http://127.0.0.1:4200/api. Correct it, or `unset PREFECT_API_URL` to use the workbook's own server."
            )
        set_api_url(given)
        check_api()
        say(f"Prefect server: {without_password(given)} (from PREFECT_API_URL)")
    else:
        record = start()
        use(record)
        say(f"Prefect server: {record.api_url} (the workbook's own; web UI at {record.ui_url})")


def ensure_or_exit() -> None:
    """`ensure()` for scripts: what stands in the way is one sentence on standard error, and exit code 1."""
    process.print_anything()
    try:
        ensure()
    except ServerError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    print("API key:", "set" if os.environ.get("PREFECT_API_KEY") else "not needed here")


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Wrap a block that runs flows or reads their records: if the server has stopped, one sentence says so.

    Raises:
        ServerError: it has stopped, before the block or during it. What else the block raises is left as it is.
    """
    own.look()
    try:
        yield
    except Exception as error:
        if (said := explained(error)) is error:
            raise
        raise said from None


def explained(error: Exception) -> Exception:
    """The error; in its place one sentence that tells why no server could be reached, if it came of that."""
    import httpx

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, httpx.TransportError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        try:
            check_api()
        except ServerError as said:
            return said
    return error


def use(record: Record) -> None:
    """Point this process at the workbook's own server, also when it has used one that has stopped.

    Raises:
        ServerError: Prefect has already been imported with an address of somebody else's.
    """
    own.follow(record)
    set_api_url(record.api_url)
    os.environ["WORKBOOK_STARTED_URL"] = record.api_url


def given_url() -> str | None:
    """The server that the environment names on purpose; None when it names none, or the one that `ensure()` started."""
    url = os.environ.get("PREFECT_API_URL", "").strip().rstrip("/")
    return url if url and url != os.environ.get("WORKBOOK_STARTED_URL") else None


def keep_out_of_the_users_home() -> None:
    """Have Prefect and Matplotlib keep their files under `.workbook/`, unless the environment says where."""
    os.environ.setdefault("MPLCONFIGDIR", str(home() / "matplotlib"))
    if "PREFECT_HOME" not in os.environ:
        os.environ["PREFECT_HOME"] = str(home() / "prefect")
        os.environ.pop("PREFECT_PROFILE", None)  # it would name a profile of the learner's own home


def set_api_url(url: str) -> None:
    """Make `url` the Prefect API of this process and its children, apart from the learner's own Prefect profile."""
    wanted = {"PREFECT_API_URL": url, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false", "DO_NOT_TRACK": "1"}
    if not given_url():
        # Each client would ask for a token before its first change, at a server that wants none.
        wanted["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"
    if not given_url():
        os.environ.pop("PREFECT_HOME", None)
    keep_out_of_the_users_home()
    with plain_disk_errors():
        Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
        authority = str(one_authority())
    os.environ.update(wanted)
    if url.startswith("http://127.0.0.1:"):
        os.environ.setdefault("PREFECT_API_SSL_CERT_FILE", authority)
    elif os.environ.get("PREFECT_API_SSL_CERT_FILE") == authority:
        del os.environ["PREFECT_API_SSL_CERT_FILE"]
    if "prefect" in sys.modules:
        from prefect.settings import PREFECT_API_URL

        if (PREFECT_API_URL.value() or "").rstrip("/") != url:
            raise ServerError(
                "Prefect was imported before the workbook named its server, and it reads its settings only at import: "
                "restart the kernel (or the script) and call workbook.server.ensure() before `import prefect`."
            )


def check_api() -> None:
    """Ask the API that the environment names for something that needs the right to read.

    Raises:
        ServerError: nothing answers, it refuses the credentials, or it is no Prefect API.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    with (
        plain_errors(),
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(
            sync_client=True, httpx_settings={"timeout": httpx.Timeout(ANSWER_SECONDS, connect=CHECK_SECONDS)}
        ) as client,
    ):
        client.read_flow_runs(sort=FlowRunSort.ID_DESC, limit=1)  # it refuses to be asked without an order


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one sentence what kept the Prefect API from doing what it was asked."""
    import httpx

    own.look()
    url = without_password(os.environ.get("PREFECT_API_URL", ""))
    try:
        yield
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code in (401, 403):
            raise ServerError(f"The Prefect server at {url} refused {_refused(code)}.") from None
        raise ServerError(
            f"{url} answers, but isn't a Prefect API ({code}): correct PREFECT_API_URL, such as "
            "http://127.0.0.1:4200/api."
        ) from None
    except (UnicodeEncodeError, httpx.LocalProtocolError):
        raise ServerError(
            "PREFECT_API_KEY or PREFECT_API_AUTH_STRING contains a character that no credential has, such as the end "
            "of a line: copy it again."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if tls := _tls_failure(error):
            raise ServerError(f"The Prefect server at {url} can't be reached over TLS {tls}.") from None
        own.look()
        if not given_url():
            raise ServerError(
                f"The Prefect server at {url} doesn't answer ({type(error).__name__}): stop it with "
                "`workbook server stop` and try again."
            ) from None
        raise ServerError(
            f"No Prefect server answers at {url} ({type(error).__name__}): correct PREFECT_API_URL, or "
            "`unset PREFECT_API_URL` to use the workbook's own server."
        ) from None
    except OSError as error:  # met before anything is sent: the certificates to trust are read
        raise ServerError(
            f"The file of trusted certificates can't be read ({error.strerror or error}): set "
            "PREFECT_API_SSL_CERT_FILE (or SSL_CERT_FILE) to your authority's .pem file."
        ) from None
    except ValueError:  # an answer of another shape: a web page, say
        raise ServerError(
            f"{url} answers, but isn't a Prefect API: correct PREFECT_API_URL, such as http://127.0.0.1:4200/api."
        ) from None


def _refused(code: int) -> str:
    """What was refused, and what to set instead; what is set may come from Prefect's profile or from `.env`."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    basic, key = PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    if basic and key:
        return (
            f"PREFECT_API_AUTH_STRING ({code}), which is sent when PREFECT_API_KEY is set as well: unset the one that "
            "this server does not take"
        )
    if basic:
        return (
            f"PREFECT_API_AUTH_STRING ({code}): set it to the right user:password, or `unset PREFECT_API_AUTH_STRING` "
            "and set PREFECT_API_KEY if the server takes keys"
        )
    if key:
        return (
            f"PREFECT_API_KEY ({code}): set it to the right key, or `unset PREFECT_API_KEY` and set "
            "PREFECT_API_AUTH_STRING to user:password if the server takes those"
        )
    return (
        f"to answer without credentials ({code}): set PREFECT_API_AUTH_STRING to user:password for your own server, or "
        "PREFECT_API_KEY for Prefect Cloud, but not both"
    )


def _tls_failure(error: BaseException | None) -> str | None:
    """Why no TLS connection came about, and the remedy; None if it was something else."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if isinstance(error, ssl.SSLCertVerificationError) and "mismatch" in error.verify_message:
        return f"({error.verify_message.rstrip('.')}): correct PREFECT_API_URL to a name that its certificate states"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"({error.verify_message}): if your own authority signed its certificate, "
            "`export PREFECT_API_SSL_CERT_FILE=/path/to/ca.pem`"
        )
    if error is not None:
        reason = error.reason or "SSLError"
        return f"({reason}): correct PREFECT_API_URL, which must start with http:// if the server has no TLS"
    return None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        return False


def without_password(url: str) -> str:
    """An address as it may be printed: without user name and password."""
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    except ValueError:
        return "the given address"
