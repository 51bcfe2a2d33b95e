"""Credentials, with real servers: who is let in, what a refusal looks like, and that no secret is left behind."""

import base64
import dataclasses
import http.client
import json
import random
import re
import signal
import stat
import string
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_KEY,
    PREFECT_API_SSL_CERT_FILE,
    PREFECT_API_URL,
    temporary_settings,
)

from conftest import CHECKOUT, free_port
from tests import production
from tests.production import clean_environment, wait_for
from workbook.prefect_server import connection, local
from workbook.prefect_server.settings import SERVER_SETTINGS

pytestmark = pytest.mark.production


def secret() -> str:
    """Six groups of four: every piece of six characters has a dash, and letters that occur in no id or hash."""
    letters = string.ascii_uppercase[7:]
    return "-".join("".join(random.SystemRandom().choices(letters, k=4)) for _ in range(6))


@dataclasses.dataclass(frozen=True)
class Secrets:
    password: str = dataclasses.field(default_factory=secret)
    key: str = dataclasses.field(default_factory=secret)
    database: str = dataclasses.field(default_factory=secret)

    @property
    def basic(self) -> str:
        return f"admin:{self.password}"


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Everything that the servers of this module leave behind."""
    return tmp_path_factory.mktemp("authentication")


@pytest.fixture(scope="module")
def guarded(folder, secrets) -> Iterator[production.Server]:
    """A Prefect server of one's own, with HTTP basic authentication."""
    settings = SERVER_SETTINGS | {"PREFECT_SERVER_API_AUTH_STRING": secrets.basic}
    with production.prefect_server_in(folder, **settings) as running:
        yield running


@dataclasses.dataclass(frozen=True)
class Proxy:
    url: str  # without TLS
    tls_url: str
    authority: Path  # the certificate of the local authority that signed the proxy's


@pytest.fixture(scope="module")
def proxy(folder, secrets, prefect_server, tmp_path_factory) -> Iterator[Proxy]:
    """The guide's nginx before a server that knows no authentication: it demands an API key, also under TLS."""
    plain, tls = free_port(), free_port()
    certificates = tmp_path_factory.mktemp("certificates")
    sign_a_certificate(certificates)
    instead = {
        "pnu_your_key": secrets.key,
        "127.0.0.1:8080": f"127.0.0.1:{plain}",
        "127.0.0.1:4200": f"127.0.0.1:{prefect_server.port}",
    }
    block = production.nginx_of("authentication_guide", **instead)
    server = block[block.index("server {") :].replace(
        f"listen 127.0.0.1:{plain};",
        f"listen 127.0.0.1:{tls} ssl; ssl_certificate {certificates}/server.pem; "
        f"ssl_certificate_key {certificates}/server.key;",
    )
    configuration = block + server
    with production.nginx(folder, configuration, plain):
        yield Proxy(f"http://127.0.0.1:{plain}/api", f"https://127.0.0.1:{tls}/api", certificates / "ca.pem")


def sign_a_certificate(folder: Path) -> None:
    """ca.pem, and server.pem for 127.0.0.1, which it signed; the three commands of docs/authentication_guide.md."""
    (folder / "san.cnf").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=workbook-ca",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=127.0.0.1",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile san.cnf -out server.pem",
    ):
        try:
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
        except FileNotFoundError:
            pytest.skip("openssl is not installed: apt-get install openssl")


@pytest.fixture
def ask(monkeypatch, secrets):
    """Ask a server with these credentials, as the workbook does; what it says instead of an answer, or None."""

    def ask(url: str, basic: str | None = None, key: str | None = None, authority: str | Path | None = None):
        monkeypatch.setenv("PREFECT_API_URL", url)
        given = {PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: basic, PREFECT_API_KEY: key}
        with temporary_settings(given | {PREFECT_API_SSL_CERT_FILE: str(authority)} if authority else given):
            try:
                connection.check_api()
            except local.ServerError as error:
                said = str(error)
                assert "\n" not in said and said.endswith(".") and not found_in(said.encode(), secrets)
                return said
        return None

    return ask


# ----------------------------------------
# Who is let in


def test_without_authentication_any_credentials_will_do(prefect_server, ask):
    url = prefect_server.api_url
    assert [ask(url), ask(url, basic="any:thing"), ask(url, key="pnu_any")] == [None] * 3


def test_basic_authentication_lets_in_who_has_the_password(guarded, ask, secrets):
    assert ask(guarded.url, basic=secrets.basic) is None


def test_the_health_of_a_server_says_nothing_about_credentials(guarded):
    assert urllib.request.urlopen(f"{guarded.url}/health").status == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{guarded.url}/admin/version")


def test_basic_authentication_refuses_and_it_is_said_why(guarded, ask, secrets):
    assert "refused to answer without credentials (401): set PREFECT_API_AUTH_STRING" in ask(guarded.url)
    assert "refused PREFECT_API_AUTH_STRING (401): set it to the right user:pass" in ask(guarded.url, basic="admin:no")
    assert "refused PREFECT_API_KEY (401): set it to the right key, or `unset" in ask(guarded.url, key=secrets.password)
    both = ask(guarded.url, basic="admin:no", key="pnu_any")
    assert "refused PREFECT_API_AUTH_STRING (401), which is sent when PREFECT_API_KEY is set as well: unset" in both


def test_a_proxy_lets_in_who_has_the_key(proxy, ask, secrets):
    assert ask(proxy.url, key=secrets.key) is None


def test_a_proxy_refuses_and_it_is_said_why(proxy, ask, secrets):
    assert "refused to answer without credentials (401)" in ask(proxy.url)
    assert "refused PREFECT_API_KEY (403): set it to the right key" in ask(proxy.url, key=secrets.key[:-1])
    assert "refused PREFECT_API_AUTH_STRING (403)" in ask(proxy.url, basic=secrets.basic)
    # HTTP basic is sent instead of the key when both are set: a right key does not help.
    assert "unset the one" in ask(proxy.url, basic=secrets.basic, key=secrets.key)


def test_tls_with_an_authority_of_ones_own(proxy, ask, secrets):
    assert ask(proxy.tls_url, key=secrets.key, authority=proxy.authority) is None
    assert "refused PREFECT_API_KEY (403)" in ask(proxy.tls_url, key="pnu_wrong", authority=proxy.authority)


@pytest.mark.slow
def test_tls_that_fails_is_said(proxy, ask, secrets, tmp_path):
    unknown = ask(proxy.tls_url, key=secrets.key)
    assert re.search(r"over TLS \((unable to get local issuer certificate\)|self-signed certificate)", unknown)
    assert "`export PREFECT_API_SSL_CERT_FILE=/path/to/ca.pem`" in unknown
    other_name = proxy.tls_url.replace("127.0.0.1", "localhost")
    assert "Hostname mismatch" in ask(other_name, key=secrets.key, authority=proxy.authority)
    speaks_plainly = proxy.url.replace("http:", "https:")
    assert "must start with http:// if the server has" in ask(
        speaks_plainly, key=secrets.key, authority=proxy.authority
    )
    missing, empty = tmp_path / "none.pem", tmp_path / "empty.pem"
    empty.touch()
    for file in (missing, empty):
        assert "The file of trusted certificates can't be read" in ask(proxy.tls_url, key="any", authority=file)
    assert "answers, but isn't a Prefect API (400)" in ask(proxy.tls_url.replace("https:", "http:"), key=secrets.key)


# ----------------------------------------
# REST calls and web sockets through the proxy


def status_of(url: str, **headers: str) -> int:
    """The status with which a web socket is opened (101), or refused."""
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=20)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(), "Sec-WebSocket-Protocol": "prefect"}
    connection.request("GET", f"/{path}", headers=upgrade | headers)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["events/out", "logs/out", "work_pools/any/workers/connect"])
def test_a_web_socket_needs_the_key(proxy, secrets, path):
    url = f"{proxy.url}/{path}"
    assert status_of(url) == 401
    assert status_of(url, Authorization="Bearer pnu_wrong") == 403
    assert status_of(url, Authorization=f"Bearer {secrets.key}") == 101


def test_the_web_socket_of_the_records_is_open_without_a_key(proxy):
    assert status_of(f"{proxy.url}/events/in") == 101


HELLO = "from prefect import flow\n\n@flow(log_prints=True)\ndef hello():\n    print('hello from the worker')\n"


@pytest.fixture(scope="module")
def deployed(proxy, secrets, prefect_server, folder) -> Iterator[dict[str, str]]:
    """A deployment, made through the proxy; the environment of its clients."""
    place = folder / "deployed"
    place.mkdir()
    (place / "hello.py").write_text(HELLO)
    headers = json.dumps({"Authorization": f"Bearer {secrets.key}"})
    environment = clean_environment(place, PREFECT_API_URL=proxy.url, PREFECT_CLIENT_CUSTOM_HEADERS=headers)
    production.prefect("work-pool", "create", "proxied", "--type", "process", environment=environment, cwd=place)
    deploy = ("--no-prompt", "deploy", "hello.py:hello", "--name", "proxied", "--pool", "proxied")
    production.prefect(*deploy, environment=environment, cwd=place)
    yield environment
    for command in (("deployment", "delete", "hello/proxied"), ("work-pool", "delete", "proxied")):
        production.prefect("--no-prompt", *command, environment=environment, cwd=place)


@pytest.mark.slow
def test_a_worker_and_a_watch_use_the_web_sockets(deployed, proxy, secrets, folder, tmp_path):
    log, key_alone = folder / "nginx-access.log", deployed | {"PREFECT_API_KEY": secrets.key}
    del key_alone["PREFECT_CLIENT_CUSTOM_HEADERS"]
    before = len(log.read_text())
    watch = ("deployment", "run", "hello/proxied", "--watch")
    worker = [*production.PREFECT, "worker", "start", "--pool", "proxied"]
    with production.started(worker, tmp_path / "worker.log", deployed) as working:
        printed = production.prefect(*watch, environment=deployed, cwd=tmp_path)
        assert "Completed" in printed, working.printed()
        stopped = production.prefect(*watch, environment=key_alone, cwd=tmp_path, code=1)
        assert "Stopped watching flow run" in stopped
        working.end(signal.SIGTERM)
    paths = ("events/in", "events/out", "logs/out", "work_pools/proxied/workers/connect")
    wait_for(lambda: all(f'GET /api/{path} HTTP/1.1" 101' in log.read_text()[before:] for path in paths))
    assert re.search(r'GET /api/(events|logs)/out HTTP/1.1" 401', log.read_text()[before:])


@pytest.mark.slow
def test_a_rest_call_needs_the_key(deployed, proxy, secrets, prefect_server, tmp_path):
    """As docs/operating_guide.md has it: curl, with the credentials in a file."""
    header = tmp_path / "auth-header"
    header.touch(mode=0o600)
    header.write_text(f"Authorization: Bearer {secrets.key}\n")

    def curl(url: str, *options: str) -> str:
        command = ["curl", "--silent", "--write-out", "%{http_code}", "--output", str(tmp_path / "answer"), *options]
        return subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout

    assert curl(f"{proxy.url}/deployments/name/hello/proxied", "--header", f"@{header}") == "200"
    call = f"/deployments/{json.loads((tmp_path / 'answer').read_text())['id']}/create_flow_run"
    assert curl(proxy.url + call, "--json", "{}") == "401"
    assert curl(proxy.url + call, "--json", "{}", "--header", f"@{header}") == "201"
    assert curl(prefect_server.api_url + call, "--json", "{}") == "201"


# ----------------------------------------
# What a learner sees


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["-m", "workbook.cli", "server", "status"], ["flows/prefect_flow.py"]], ids=["status", "flow"]
)
def test_a_refusal_is_one_sentence_and_exit_code_1(guarded, secrets, tmp_path, command):
    wrong = f"admin:{secrets.key}"
    environment = clean_environment(tmp_path, PREFECT_API_URL=guarded.url, PREFECT_API_AUTH_STRING=wrong)
    refused = subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        f"Error: The Prefect server at {guarded.url} refused PREFECT_API_AUTH_STRING (401)"
    )
    assert len(refused.stderr.splitlines()) == 1 and not found_in((refused.stdout + refused.stderr).encode(), secrets)


@pytest.mark.slow
def test_the_doctor_says_what_a_refusal_needs(guarded, secrets, monkeypatch):
    from workbook.prefect_server import doctor

    monkeypatch.setenv("PREFECT_API_URL", guarded.url)
    monkeypatch.setenv("PREFECT_HOME", "unchanged")
    monkeypatch.setattr(connection, "set_api_url", lambda url: None)
    with temporary_settings({PREFECT_API_URL: guarded.url, PREFECT_API_AUTH_STRING: "admin:no"}):
        check = doctor._server()
    assert check.found.endswith("refused PREFECT_API_AUTH_STRING (401)")
    assert check.remedy.startswith("set it to the right user:password")


@pytest.mark.second
def test_prefect_reads_its_settings_from_a_dot_env_file_and_shows_no_secret(guarded, secrets, tmp_path):
    file = tmp_path / ".env"
    file.touch(mode=0o600)
    file.write_text(
        f"PREFECT_API_URL={guarded.url}\nPREFECT_API_AUTH_STRING={secrets.basic}\nDATABASE_URL=any\n", encoding="utf-8"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = production.prefect("config", "view", environment=clean_environment(tmp_path), cwd=tmp_path)
    assert f"PREFECT_API_URL='{guarded.url}' (from .env file)" in shown
    assert "PREFECT_API_AUTH_STRING='********' (from .env file)" in shown and not found_in(shown.encode(), secrets)


@pytest.mark.second
def test_a_key_in_a_custom_header_is_no_secret_to_prefect(secrets, tmp_path):
    headers = json.dumps({"Authorization": f"Bearer {secrets.key}"})
    environment = clean_environment(tmp_path, PREFECT_CLIENT_CUSTOM_HEADERS=headers)
    shown = production.prefect("config", "view", environment=environment, cwd=tmp_path)
    assert found_in(shown.encode(), secrets), "hidden: docs/authentication_guide.md must no longer warn of it"


def test_a_dot_env_file_is_no_part_of_the_checkout():
    ignored = subprocess.run(["git", "check-ignore", "-q", ".env"], cwd=CHECKOUT)
    assert ignored.returncode == 0


# ----------------------------------------
# What is left behind


def found_in(content: bytes, secrets: Secrets) -> set[str]:
    """Which secrets a file holds: whole, as HTTP basic would send them, and in a text any six characters of them."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = ""
    found = set()
    for name, value in dataclasses.asdict(secrets).items():
        sent = base64.b64encode(f"admin:{value}".encode())
        pieces = {value[i : i + 6] for i in range(len(value) - 5)}
        if value.encode() in content or sent in content or any(piece in text for piece in pieces):
            found.add(name)
    return found


def test_a_leak_would_be_found(secrets):
    sent = base64.b64encode(secrets.basic.encode())
    for leak in (secrets.key.encode(), b"\xff" + secrets.key.encode(), secrets.key[3:9].encode(), sent):
        assert found_in(b"key: " + leak + b"...", secrets)
    assert not found_in(b"key: " + secrets.key[:5].encode() + b"...", secrets)


@pytest.fixture
def processes() -> Iterator[list[str]]:
    """What `ps -ef` shows, again and again while the test runs."""
    seen, ended = [], threading.Event()

    def watch() -> None:
        while not ended.wait(0.3):
            seen.append(subprocess.run(["ps", "-efww"], capture_output=True, text=True).stdout)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield seen
    ended.set()
    watcher.join()


@pytest.fixture
def grading_ends(folder, monkeypatch) -> Iterator[None]:
    """The notebook's grading server ends with the test: it is in the test's own WORKBOOK_HOME."""
    yield
    monkeypatch.setenv("WORKBOOK_HOME", str(folder / "home"))
    local.stop()


CELLS = [
    "from workbook import server\nserver.ensure()",
    "from flows import patterns, warehouse\nfrom workbook import observe\nfrom workbook.limits import ensure_limit\n"
    "ensure_limit('database', 3)\nwarehouse.prepare()",
    "seen = observe(patterns.controlled_flow, range(5))\nassert seen.state.is_completed() and seen.missing == 0\nseen",
    "picture = seen.plot(limit=3)\npicture.save('figure.png')\npicture.save('figure.svg')\npicture",
    "from prefect.settings import get_current_settings\nprint(get_current_settings())\nget_current_settings()",
    "print(warehouse.url(), warehouse.engine())\nwarehouse.engine()",
]


@pytest.mark.slow
@pytest.mark.usefixtures("grading_ends")
def test_no_secret_is_left_behind(guarded, proxy, secrets, folder, tmp_path, processes):
    """A flow with the password, a notebook with the key under TLS, both with the password of the database."""
    with production.postgresql_database(secrets.database) as database:
        common = {
            "DATABASE_URL": database.render_as_string(hide_password=False),
            "WORKBOOK_HOME": str(folder / "home"),
            "WORKBOOK_DATA": str(folder / "data"),
            "WORKBOOK_TIME_SCALE": "0.1",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
        }
        with_password = {"PREFECT_API_URL": guarded.url, "PREFECT_API_AUTH_STRING": secrets.basic}
        flow = subprocess.run(
            [sys.executable, "flows/prefect_flow.py"], cwd=CHECKOUT, capture_output=True, timeout=150,
            env=clean_environment(folder, **common, **with_password),
        )  # fmt: skip
        (folder / "flow.log").write_bytes(flow.stdout + flow.stderr)
        assert flow.returncode == 0, (folder / "flow.log").read_text(encoding="utf-8")

        with_key = {"PREFECT_API_URL": proxy.tls_url, "PREFECT_API_KEY": secrets.key}
        with_key["PREFECT_API_SSL_CERT_FILE"] = str(proxy.authority)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        NotebookClient(
            notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        ).execute(env=clean_environment(folder, **common, **with_key))
        nbformat.write(notebook, folder / "notebook.ipynb")

    (folder / "records.json").write_text(records_of(guarded, secrets), encoding="utf-8")
    (folder / "server.log").write_bytes(local.log_file().read_bytes())
    wait_for(lambda: processes)
    assert any("flows/prefect_flow.py" in seen for seen in processes)
    (folder / "processes.txt").write_text("\n".join(processes), encoding="utf-8")

    files = {path for path in folder.rglob("*") if path.is_file() and path.name != "nginx.conf"}
    names = {path.name for path in files}
    assert {"figure.png", "figure.svg", "nginx-access.log", "flow.log"} <= names and len(names) > 25, names
    leaks = {str(path.relative_to(folder)): found for path in files if (found := found_in(path.read_bytes(), secrets))}
    assert leaks == {}


def records_of(guarded: production.Server, secrets: Secrets) -> str:
    """All that the server's API tells of the runs: flow runs, task runs and every line that they logged."""
    authorization = f"Basic {base64.b64encode(secrets.basic.encode()).decode()}"

    def read(what: str, offset: int) -> list[dict]:
        body = json.dumps({"limit": 200, "offset": offset}).encode()
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{guarded.url}/{what}/filter", body, headers)
        return json.load(urllib.request.urlopen(request))

    wait_for(lambda: len(read("logs", 0)) >= 20)
    found = []
    for what in ("flow_runs", "task_runs", "logs"):
        for offset in range(0, 10_000, 200):
            page = read(what, offset)
            found += page
            if len(page) < 200:
                break
    return json.dumps(found)
