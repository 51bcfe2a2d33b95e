"""One real Prefect server for the whole session, started by the first test that needs it, and ended with it.

Nothing here touches the checkout's own `.workbook/` or `data/`: both are in a temporary folder of the session. Prefect
reads the address of its API when a test module imports it, long before the server is up, so a port is set aside first.
"""

import contextlib
import functools
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest
from jupyter_client.connect import LocalPortCache

from flows import warehouse
from workbook.grading.grader import Grader
from workbook.prefect_server import connection, local, process

CHECKOUT = Path(__file__).resolve().parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
without_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

WITH_WORKERS = ("07", "08", "10", "11")  # lessons whose notebooks start workers, servers and many `prefect` commands


@functools.cache
def _ports() -> tuple[Iterator[int], filelock.FileLock]:
    folder = Path(tempfile.gettempdir()) / "workbook-tests-ports"
    folder.mkdir(exist_ok=True)
    for thousand in range(10, 30):
        with contextlib.suppress(filelock.Timeout):
            lock = filelock.FileLock(folder / f"{thousand}.lock", timeout=0)
            lock.acquire()  # the system frees it when this process has ended
            return itertools.count(thousand * 1000), lock
    raise RuntimeError(f"Twenty processes run these tests: wait for one of them, or remove {folder}.")


def free_port() -> int:
    """A port for something that binds it seconds later: each process of the tests has its own thousand.

    They lie below those that the system gives to outgoing connections. One of these would sometimes be taken by then,
    and the kernel or server would die: with "Kernel died before replying to kernel_info", say.
    """
    return next(port for port in _ports()[0] if process.port_is_free(port))


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C, or what the tests started would stay
    if config.pluginmanager.hasplugin("hypothesispytest"):  # a learner who runs the notebooks as tests need not have it
        import hypothesis

        hypothesis.settings.register_profile("side by side", deadline=None)  # how long one takes, the others decide
        hypothesis.settings.load_profile("side by side")
    config.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="workbook-tests-", ignore_cleanup_errors=True)
    folder = Path(config.stash[_FOLDER].name)
    for name in [name for name in os.environ if name.startswith(("PREFECT_", "DATABASE_URL", "WORKBOOK_"))]:
        if not name.startswith("WORKBOOK_TEST_"):  # settings of the tests themselves
            del os.environ[name]
    os.environ |= {"WORKBOOK_HOME": str(folder / "home"), "WORKBOOK_DATA": str(folder / "data")}
    os.environ |= {"WORKBOOK_TIME_SCALE": "0.2"}  # queries of 0.04 to 0.24 s
    LocalPortCache.find_available_port = lambda cache, ip: free_port()  # for kernels
    local.FIRST_PORT = free_port()
    url = f"http://127.0.0.1:{local.FIRST_PORT}/api"
    connection.set_api_url(url)
    os.environ["WORKBOOK_STARTED_URL"] = url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, and then the notebooks: side by side, none is left to run alone at the end."""
    longest = ["guides", "graders", "pitfalls", "faults", "jupyterlab", "contributing"]
    longest += ["deployment", "two_processes", "authentication", "postgresql", "server"]
    places = {f"test_{name}.py": place for place, name in enumerate(longest)}
    for item in items:
        # The solved twins of the learner's notebooks run the same cells, and more. Lessons with workers start dozens of
        # processes; their solutions are judged without.
        if item.path.parent.name == "notebooks" or (
            item.path.suffix == ".ipynb" and item.path.name[:2] in WITH_WORKERS
        ):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: places.get(item.path.name, len(places) + (item.path.suffix != ".ipynb")))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With plain `-n`, a file's tests share a process and what it starts; answers go by exercise, guides one by one."""
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFileExerciseOrGuide(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file, _, test = nodeid.partition("::")
            if file.endswith("test_guides.py"):
                return nodeid
            return nodeid.partition("-")[0] if test.startswith("test_an_answer_draws") else file

    return ByFileExerciseOrGuide(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fixtures do not reach the cells of a notebook, but the environment of its kernel names the session's server."""
    if item.path.suffix == ".ipynb":
        start_server()


def pytest_unconfigure(config: pytest.Config) -> None:
    local.stop()
    config.stash[_FOLDER].cleanup()


_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory]()


def _migrated_database() -> Path:
    """A database with Prefect's tables and nothing in them, made once for all sessions on this machine.

    Making the tables is most of what a server's first start costs, and every test's server has its first.
    """
    name = local.empty_database().name
    folder = Path(tempfile.gettempdir()) / "workbook-tests-databases"
    folder.mkdir(exist_ok=True)
    with filelock.FileLock(folder / f"{name}.lock"):
        if not (folder / name).exists():
            making = folder / "making.db"
            settings = {
                "PREFECT_HOME": str(folder),
                "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{making}",
            }
            command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
            subprocess.run(command, env=os.environ | settings, check=True, capture_output=True)
            making.rename(folder / name)
    return folder / name


def put_tables(database: Path) -> None:
    """Put such a database there, unless there is one already."""
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_migrated_database(), database)


def start_server() -> local.Record:
    """Start the server of the present `WORKBOOK_HOME`, or find it running."""
    put_tables(local.empty_database())
    return local.start()


@pytest.fixture(scope="session")
def prefect_server() -> local.Record:
    """The session's own server, up and healthy."""
    record = start_server()
    assert record.api_url == os.environ["PREFECT_API_URL"], "another process took the port that was set aside"
    return record


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    """A grading process, with a server of its own."""
    put_tables(local.empty_database())
    with Grader() as started:
        yield started


def make(target: str) -> None:
    """Run a target of the Makefile; tests that run side by side take turns, and what is installed stays as it is."""
    with filelock.FileLock(Path(tempfile.gettempdir()) / "workbook-tests-make.lock"):
        command = ["make", "-s", "-o", ".venv/.installed", "-o", ".venv/.installed-dev", target]
        subprocess.run(command, cwd=CHECKOUT, check=True)


@pytest.fixture(scope="module")
def browser():
    """A real browser, without a window."""
    from playwright.sync_api import sync_playwright  # a learner who runs the notebooks as tests need not have it

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*quiet, "--disable-sync", "--no-first-run"])
        yield opened
        opened.close()


@pytest.fixture
def offline(browser):
    """A page that reaches nothing but files and this machine, and fails the test if something else was asked for."""
    outside, page = [], browser.new_page()

    def answer(route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:")):
            return route.continue_()
        outside.append(route.request.url)
        return route.abort()

    page.route("**/*", answer)
    yield page
    page.close()
    assert not outside, f"asked for over the network: {outside}"


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the first so many queries of some length end only when all of them have begun: so they must run at once."""

    def prepare(count: int) -> None:
        barrier, real, begun = threading.Barrier(count), warehouse.query, itertools.count()

        def query(index: int, **arguments: Any) -> Any:
            if arguments.get("seconds") != 0 and next(begun) < count:
                barrier.wait(60)
            return real(index, **arguments)

        monkeypatch.setattr(warehouse, "query", query)

    return prepare


@pytest.fixture
def run_python():
    """Run a Python program of the checkout as a learner would, in a process of its own; ended with the test."""

    def run(
        *arguments: str, timeout: float = 240, encoding: str = "utf-8", **environment: str | None
    ) -> subprocess.CompletedProcess[str]:
        merged = {k: v for k, v in (os.environ | environment).items() if v is not None}
        return subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, env=merged, capture_output=True, encoding=encoding,
            timeout=timeout,
        )  # fmt: skip

    return run
