"""The room: what is heard becomes a picture, and the page and the terminal show that picture of a real server."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from rich.console import Console

from conftest import CHECKOUT, free_port, without_chromium
from tests import production
from tests.production import clean_environment, wait_for
from workbook.cli import main
from workbook.figures.textual import FAIL
from workbook.prefect_server.limits import ensure_limit, remove_limit
from workbook.room import terminal, watch
from workbook.room.shared import NEWS, WINDOW, Room

# ----------------------------------------
# What is heard, and the picture of it

ENDS = st.sampled_from(["COMPLETED", "FAILED", "CRASHED", "CANCELLED"])
LIVES = st.lists(  # of task runs: whose, when created, how long it waited and ran, how it ended, how far it got
    st.tuples(st.sampled_from("AB"), st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), ENDS, st.integers(1, 3)),
    max_size=12,
)


def room_of(events: list[tuple]) -> Room:
    room = Room("database")
    for flow_run, name in (("A", "Ann"), ("B", "Ben")):
        room.meet(flow_run, name)
    for event in events:
        room.hear(*event)
    return room


@given(LIVES, st.randoms(use_true_random=False))
def test_a_picture_counts_what_a_clerk_would_whatever_the_order_of_the_news(lives, rng):
    events, clerk = [], {"Ann": Counter(), "Ben": Counter()}
    for number, (owner, created, waited, ran, state, steps) in enumerate(lives):
        moments = [("PENDING", created), ("RUNNING", created + waited), (state, created + waited + ran)][:steps]
        events += [(str(number), owner, *moment) for moment in moments]
        ended = "completed" if state == "COMPLETED" else "failed"
        clerk["Ann" if owner == "A" else "Ben"][["waiting", "running", ended][steps - 1]] += 1
    rng.shuffle(events)
    picture = room_of(events).picture(now=40.0)
    seen = {row["name"]: Counter({k: row[k] for k in ("waiting", "running", "completed", "failed")}) for row in
            picture["people"]}  # fmt: skip
    assert {name: +counts for name, counts in seen.items()} == {
        name: counts for name, counts in clerk.items() if counts
    }
    begun = [(c + w, c + w + r if steps == 3 else 40) for _, c, w, r, _, steps in lives if steps > 1]
    assert picture["peak"] == max((sum(a <= moment < b for a, b in begun) for moment in range(40)), default=0)
    assert picture["running"] == (picture["curve"][-1][1] if picture["curve"] else 0)


def test_a_run_whose_process_was_killed_runs_until_the_server_takes_its_slot_back():
    room = room_of([("1", "A", "PENDING", 0.0), ("1", "A", "RUNNING", 1.0)])
    room.count(3, ["1"], 2.0)
    assert (room.picture(3.0)["slots"], room.picture(3.0)["running"]) == (["Ann"], 1)
    room.count(3, [], 4.0)
    assert [row["failed"] for row in room.picture(4.5)["people"]] == [0]  # its last event may still be on its way
    assert (room.picture(4.5)["running"], room.picture(4.5)["slots"]) == (0, [])
    assert [row["failed"] for row in room.picture(4.1 + NEWS)["people"]] == [1]
    room.hear("1", "A", "COMPLETED", 3.9)
    assert [row["completed"] for row in room.picture(5.0)["people"]] == [1]


def test_a_retry_is_one_run_that_goes_on():
    room = room_of([("1", "A", "RUNNING", 1.0), ("1", "A", "SCHEDULED", 2.0), ("1", "A", "RUNNING", 4.0)])
    assert (room.picture(5.0)["running"], room.picture(5.0)["peak"]) == (1, 1)
    room.hear("1", "A", "FAILED", 5.0)
    room.hear("1", "A", "RUNNING", 6.0)  # its flow run is tried again
    assert room.picture(7.0)["running"] == 1


def test_what_had_not_begun_when_its_flow_run_ended_waits_no_longer():
    room = room_of([("1", "A", "PENDING", 0.0), ("2", "A", "RUNNING", 0.0), ("3", "B", "PENDING", 0.0)])
    room.end_flow_run("A", 1.0)
    picture = room.picture(2.0)
    assert {row["name"]: row["waiting"] for row in picture["people"]} == {"Ann": 0, "Ben": 1}
    assert picture["running"] == 1


def test_what_ended_long_ago_is_counted_and_no_longer_drawn():
    room = room_of([("1", "A", "RUNNING", 0.0), ("2", "A", "RUNNING", 0.0)])
    for run, state in (("1", "COMPLETED"), ("2", "FAILED")):
        room.hear(run, "A", state, 1.0)
    room.count(3, [], 0.0)
    room.count(5, [], 2.0)
    for _ in range(2):
        picture = room.picture(WINDOW + 10)
        assert picture["people"] == [
            {"name": "Ann", "running": 0, "waiting": 0, "completed": 1, "failed": 1, "waits": 0.0}
        ]
        assert (picture["peak"], picture["limits"]) == (2, [(WINDOW, 5)])
    assert picture["curve"] == []


def test_a_room_without_a_limit_says_so_and_fits_a_narrow_terminal():
    events = [(str(i), "A", "RUNNING" if i % 2 else "PENDING", 1.0) for i in range(40)]
    room = room_of([*events, ("40", "B", "FAILED", 2.0)])
    room.meet("B", "a name that is much longer than its column")
    picture = room.picture(3.0)
    console = Console(width=60, color_system=None, file=io.StringIO())
    console.print(terminal.drawn(picture, 60))
    text = console.file.getvalue()
    assert "'database' isn't limited; 20 running, 20 waiting; peak 20" in text
    assert "a name…lumn" in text and f"{FAIL}1" in text
    assert max(map(len, text.splitlines())) <= 60


# ----------------------------------------
# A real server, page and terminal


@pytest.fixture
def tag(prefect_server):
    name = f"room-{uuid.uuid4().hex[:8]}"
    ensure_limit(name, 2)
    yield name
    remove_limit(name)


@pytest.fixture
def opened(request, tag, tmp_path):
    """The command, as an instructor starts it: its page's address, and the running process."""
    port = free_port()
    command = [sys.executable, "-m", "workbook.cli", "room", "--tag", tag, "--port", str(port)]
    command = getattr(request, "param", []) + command
    with production.started(command, tmp_path / "room.log", dict(os.environ), CHECKOUT) as running:
        wait_for(lambda: production.listens(port, running), running.printed)
        wait_for(lambda: picture(port)["limit"] == 2, running.printed)
        yield port, running


def picture(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/picture", timeout=30) as answer:
        return json.load(answer)


def learner(tag: str, name: str, count: int, gate: threading.Event) -> None:
    """A flow run with a subflow, whose queries end when the gate opens."""

    @task(tags=[tag])
    def query(i: int) -> None:
        assert gate.wait(120)

    @flow
    def batch() -> None:
        query.map(range(count)).result()

    @flow
    def lesson() -> None:
        batch()

    lesson.with_options(flow_run_name=name)()


IN_THE_BACKGROUND = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]  # a shell's background ignores Ctrl-C


@without_chromium
@pytest.mark.browser
@pytest.mark.parametrize("opened", [IN_THE_BACKGROUND], indirect=True)
def test_the_page_shows_who_holds_the_slots_and_follows_a_change_of_the_limit(opened, tag, offline):
    port, running = opened
    offline.set_viewport_size({"width": 1280, "height": 720})
    offline.goto(f"http://127.0.0.1:{port}")
    headline, gate = offline.locator("#headline"), threading.Event()
    names = ["Ann", "<b>Ben</b>\u202e\n"]
    with ThreadPoolExecutor() as pool:
        try:
            runs = [pool.submit(learner, tag, name, 4, gate) for name in names]
            headline.get_by_text(f"2 of 2 slots of “{tag}” taken · 2 running · 6 waiting · peak 2").wait_for()
            shown = offline.locator("#slots span").all_text_contents
            wait_for(lambda: "…" not in shown(), shown)  # a name comes a little later than its events
            assert len(shown()) == 2 and set(shown()) <= {"Ann", "<b>Ben</b>??"}
            ensure_limit(tag, 3)
            headline.get_by_text(f"3 of 3 slots of “{tag}” taken · 3 running · 5 waiting · peak 3").wait_for()
            assert offline.locator("#cap").text_content() == "limit 3"
            assert offline.evaluate("document.documentElement.scrollHeight") <= 720
        finally:
            gate.set()
        for run in runs:
            run.result()
    headline.get_by_text("0 running · 0 waiting · peak 3").wait_for()
    assert sum(row["completed"] for row in picture(port)["people"]) == 8

    for change in ({"active": False}, {"active": True}):
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(**change))
        in_force = f"0 of 3 slots of “{tag}” taken" if change["active"] else f"“{tag}” isn't limited"
        headline.get_by_text(in_force).wait_for()
    remove_limit(tag)
    headline.get_by_text(f"“{tag}” isn't limited").wait_for()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0
    assert f"Closed. At the end, {tag!r} isn't limited" in running.printed() and "Traceback" not in running.printed()
    offline.get_by_text("The room is closed: start `workbook room` again.").wait_for()


@pytest.mark.second
def test_the_page_gives_nothing_else_and_takes_nothing_until_ctrl_c_closes_it(opened):
    port, running = opened
    for path, method, status in (("/", "POST", 405), ("/picture", "DELETE", 405), ("/openapi.json", "GET", 404)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method))
        assert refused.value.code == status
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0
    assert "Closed. At the end, " in running.printed() and "Traceback" not in running.printed()


def test_a_room_closes_also_when_its_connection_breaks_off_at_that_moment(monkeypatch):
    began = asyncio.Event()

    async def breaks_off(*_):
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError("the connection broke off") from None

    async def opened_and_closed():
        watching = asyncio.create_task(watch.watch(Room("db")))
        await asyncio.wait_for(began.wait(), 60)
        watching.cancel()
        done, _ = await asyncio.wait([watching], timeout=60)
        assert done == {watching} and watching.cancelled()

    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr(watch, "_hear", breaks_off)
    monkeypatch.setattr(watch, "_count", breaks_off)
    with ThreadPoolExecutor() as pool:  # the browser of other tests keeps an event loop in this thread
        pool.submit(asyncio.run, opened_and_closed()).result()


@pytest.mark.second
def test_a_port_that_is_taken_is_said(opened, tag, capsys):
    port, _ = opened
    assert main(["room", "--tag", tag, "--port", str(port)]) == 1
    assert f"The page can't be served at 127.0.0.1:{port}" in capsys.readouterr().err
    assert main(["room", "--port", "0"]) == 2 or "--port must be" in capsys.readouterr().err


@pytest.mark.slow
def test_a_server_that_stops_is_said_and_the_room_goes_on_when_it_is_back(tmp_path):
    port, server_port = free_port(), free_port()
    command = [sys.executable, "-m", "workbook.cli", "room", "--tag", "database", "--port", str(port)]
    with production.prefect_server_in(tmp_path, server_port) as server:
        production.prefect(
            "gcl", "create", "tag:database", "--limit", "2", environment=server.environment, cwd=tmp_path
        )
        with production.started(command, tmp_path / "room.log", server.environment, CHECKOUT) as running:
            wait_for(lambda: production.listens(port, running), running.printed)
            wait_for(lambda: picture(port)["limit"] == 2)
            server.end()
            wait_for(lambda: "doesn't answer" in picture(port)["problem"])
            with production.prefect_server_in(tmp_path, server_port):
                wait_for(lambda: picture(port)["problem"] == "")


# ----------------------------------------
# A full room

LEARNER = """
import sys
from prefect import flow, task
from flows import warehouse

@task(tags=["database"])
def query(i):
    return len(warehouse.query(i, seconds=0.1))

@flow
def lesson():
    return query.map(range(3)).result()

lesson.with_options(flow_run_name=sys.argv[1])()
"""


@pytest.mark.slow
@pytest.mark.production
def test_thirty_learners_share_three_slots_of_a_server_with_a_password_on_postgresql(tmp_path):
    quick = {"PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.1"}
    secrets = {"PREFECT_SERVER_API_AUTH_STRING": "room:not-a-secret", "PREFECT_API_AUTH_STRING": "room:not-a-secret"}
    names = [f"learner {number:02d}" for number in range(30)]
    with production.postgresql_database() as database:
        url = database.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        settings = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": url} | quick | secrets
        with production.prefect_server_in(tmp_path, **settings) as server:
            places = {"WORKBOOK_HOME": str(tmp_path / "home"), "WORKBOOK_DATA": str(tmp_path / "data")}
            environment = clean_environment(tmp_path, PREFECT_API_URL=server.url, **secrets, **places)
            limit = ["gcl", "create", "tag:database", "--limit", "3"]
            production.prefect(*limit, environment=environment, cwd=tmp_path)
            prepared = [sys.executable, "-c", "from flows import warehouse; warehouse.prepare()"]
            subprocess.run(prepared, env=environment, check=True, cwd=CHECKOUT)
            port = free_port()
            command = [sys.executable, "-m", "workbook.cli", "room", "--port", str(port)]
            with production.started(command, tmp_path / "room.log", environment, CHECKOUT) as running:
                wait_for(lambda: production.listens(port, running), running.printed)
                _thirty(names, environment, tmp_path)
                done = {"running": 0, "waiting": 0, "completed": 3, "failed": 0, "waits": 0.0}
                everybody = [{"name": name, **done} for name in names]
                wait_for(lambda: picture(port)["people"] == everybody, lambda: json.dumps(picture(port)))
                seen = picture(port)
    assert 1 <= seen["peak"] <= 3
    assert "not-a-secret" not in running.printed() + json.dumps(seen)


def _thirty(names: list[str], environment: dict[str, str], folder: Path) -> None:
    with (folder / "learners.log").open("w", encoding="utf-8") as log:
        learners = [
            subprocess.Popen(
                [sys.executable, "-c", LEARNER, name], env=environment, cwd=CHECKOUT, stdout=log, stderr=log
            )
            for name in names
        ]
        try:
            assert [one.wait(300) for one in learners] == [0] * len(names), (folder / "learners.log").read_text("utf-8")
        finally:
            for one in learners:
                one.kill()
