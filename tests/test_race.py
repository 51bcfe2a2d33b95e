"""The race on the session's server: which lanes ran how, what is shown and saved, and how the limit is left."""

import json
import subprocess
from itertools import pairwise

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound
from rich.console import Console

from conftest import CHECKOUT
from flows import patterns, warehouse
from workbook import observe, race, scoreboard
from workbook.limits import ensure_limit
from workbook.race import Lane, Race, RaceError, _flows, check
from workbook.timeline import Span, Timeline

LANES = ["sequential", "uncontrolled", "limited", "batched", "pool"]
NAME = "tag:database"

needs_server = pytest.mark.usefixtures("prefect_server")


def stored_limit() -> tuple[int, bool] | None:
    """The limit on the tag as the server holds it: its slots, and whether it is switched on."""
    with get_client(sync_client=True) as client:
        try:
            found = client.read_global_concurrency_limit_by_name(NAME)
        except ObjectNotFound:
            return None
    return found.limit, found.active


@pytest.fixture
def no_limit(prefect_server):
    """No limit on the tag before the test, and none after it."""

    def remove() -> None:
        if stored_limit():
            with get_client(sync_client=True) as client:
                client.delete_global_concurrency_limit_by_name(NAME)

    remove()
    yield
    remove()


# ----------------------------------------
# Real runs


@pytest.fixture(scope="module")
def ran(prefect_server) -> Race:
    return race(queries=5, limit=2, seconds=0.4, pool=True)


def test_every_lane_ran_as_its_pattern_says(ran):
    assert list(ran.timelines) == LANES and not ran.errors
    assert [len(timeline) for timeline in ran.timelines.values()] == [5] * 5
    peaks = {name: timeline.peak for name, timeline in ran.timelines.items()}
    assert peaks == {"sequential": 1, "uncontrolled": 5, "limited": 2, "batched": 2, "pool": 2}


def test_no_lane_beats_its_ideal_and_the_rows_are_the_same(ran):
    assert all(lane.ratio >= 0.999 for lane in ran.lanes)
    assert ran.same_rows and not any(lane.missing for lane in ran.lanes)


def test_the_batches_follow_each_other(ran):
    spans = sorted(ran.timelines["batched"], key=lambda span: span.index)
    batches = [spans[i : i + 2] for i in range(0, 5, 2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert all(Timeline.before(one, other) for one, other in pairwise(batches))
    assert ran.lanes[3].ideal == pytest.approx(sum(max(span.end - span.start for span in batch) for batch in batches))


def test_text_figure_notebook_and_json_have_the_measured_numbers(ran):
    whole = json.loads(ran.to_json())
    shown = ran._repr_mimebundle_()
    for lane, record in zip(ran.lanes, whole["lanes"], strict=True):
        assert record["peak"] == lane.timeline.peak == Timeline.from_json(json.dumps(record["timeline"])).peak
        row = next(line for line in ran.text.splitlines() if line.startswith(f"{lane.name} "))
        assert row.split()[1:5] == [
            f"{lane.timeline.makespan:.2f}", f"{lane.ideal:.2f}", f"{lane.ratio:.2f}", str(lane.timeline.peak)
        ]  # fmt: skip
        assert lane.name in ran.picture.title and f"{lane.name}: " in ran.text
    assert max(map(len, ran.text.splitlines())) <= 100
    assert "<img alt=" in shown["text/html"] and shown["text/plain"] == str(ran) == ran.text


@pytest.mark.slow
def test_more_than_twenty_all_at_once_have_a_connection_each(prefect_server):
    warehouse.prepare()
    uncontrolled, _ = _flows(23, 3, pool=False)["uncontrolled"]
    seen = observe(uncontrolled, [index % 20 for index in range(23)], 5.0)
    assert seen.state.is_completed() and seen.timeline.peak == 23
    assert seen.result[20:] == seen.result[:3]
    assert warehouse.engine(pool_size=23).pool.checkedin() == 23


def test_a_lane_of_up_to_twenty_is_the_pattern_itself():
    flows = {name: flow for name, (flow, _) in _flows(20, 3, pool=False).items()}
    assert list(flows.values()) == list(patterns.PATTERNS.values())


# ----------------------------------------
# The limit is left as it was


def test_a_limit_that_was_not_there_is_gone_again(no_limit):
    seen = []

    class Watch(scoreboard.Lines):
        def begin(self, name, queries):
            seen.append(stored_limit())

    race(queries=1, limit=1, seconds=0.05, show=Watch())
    assert seen == [(1, True)] * 4 and stored_limit() is None


@pytest.mark.slow
@pytest.mark.parametrize("active", [True, False], ids=["on", "switched off"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_limit_is_as_it_was_also_when_the_race_is_broken_off(no_limit, active, error):
    ensure_limit("database", 5)
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(NAME, GlobalConcurrencyLimitUpdate(limit=5, active=active))

    class Broken(scoreboard.Lines):
        def begin(self, name, queries):
            raise error

    with pytest.raises(error):
        race(queries=1, limit=2, seconds=0.05, show=Broken())
    assert stored_limit() == (5, active)


# ----------------------------------------
# What cannot be run, and what went wrong


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"queries": 0}, "queries"), ({"queries": "many"}, "queries"), ({"queries": 201}, "queries"),
        ({"queries": 2.5}, "queries"), ({"limit": 0}, "limit"), ({"limit": 21}, "limit"), ({"limit": True}, "limit"),
        ({"seconds": -1}, "seconds"), ({"seconds": "soon"}, "seconds"), ({"seconds": float("nan")}, "seconds"),
    ],
)  # fmt: skip
def test_what_was_asked_for_wrongly_is_said_in_a_sentence(wrong, named):
    with pytest.raises(RaceError, match=rf"^{named} must be .* and .* is not: try {named}=[\d.]+\.$"):
        check(**{"queries": 20, "limit": 3, "seconds": None} | wrong)


def test_text_from_the_command_line_is_read_as_numbers():
    assert check("20", "3", "0.5") == (20, 3, 0.5) and check(1, 1, None) == (1, 1, None)


def test_a_lane_that_failed_is_told_and_the_others_are_shown():
    spans = tuple(Span(f"query-{i}", i, 0.0, 0.0, 1.0, task="query") for i in range(3))
    well = Lane("limited", Timeline(spans), 1.0, 3, "id")
    badly = Lane("uncontrolled", Timeline(spans), 1.0, None, "id", missing=2, error="too many connections")
    ran = Race((well, badly), 3, 3, None, same_rows=True)
    assert ran.errors == ["The uncontrolled lane did not complete: too many connections."]
    assert "uncontrolled: It did not complete: too many connections." in ran.text
    assert "records of 2 task runs never came" in " ".join(ran.text.split())
    assert Race((well,), 3, 3, None, same_rows=False).errors == ["The lanes returned different rows."]


def test_an_empty_lane_has_no_ratio():
    ran = Race((Lane("limited", Timeline(), 0.0, 3, "id", error="no database"),), 3, 3, None, same_rows=True)
    assert json.loads(ran.to_json())["lanes"][0]["ratio"] is None and " - " in ran.text


# ----------------------------------------
# On the screen


def test_the_board_fits_the_projector_while_it_runs():
    console = Console(width=100, height=30, force_terminal=True, color_system=None, legacy_windows=False)
    board = scoreboard.Board(LANES, console)
    waiting = tuple(Span(f"database_query-{i}", i, 0.0, None, None, "PENDING") for i in range(6, 200))
    running = tuple(Span(f"query-{i}", i, 0.0, i / 10, None if i > 2 else 1.0) for i in range(6))
    board._name, board._queries, board._timeline = "sequential", 200, Timeline((*running, *waiting), until=1.5)
    with console.capture() as captured:
        console.print(board._screen())
    lines = captured.get().splitlines()
    assert len(lines) < 30 and max(map(len, lines)) <= 100
    assert any(line.startswith("▶ sequential") for line in lines) and any(line.startswith("waits") for line in lines)


@needs_server
def test_the_command_draws_bars_in_a_terminal_and_lines_elsewhere(tmp_path, run_python):
    command = ["-m", "workbook.cli", "race", "--queries", "2", "--limit", "1", "--seconds", "0.1"]
    run = run_python(*command, "--figure", str(tmp_path / "race.png"), "--json", str(tmp_path / "race.json"))
    assert run.returncode == 0, run.stderr
    assert "sequential …" in run.stdout and "\x1b" not in run.stdout and "Task run" not in run.stdout + run.stderr
    assert f"Figure: {tmp_path / 'race.png'}" in run.stdout and (tmp_path / "race.png").stat().st_size > 1000
    assert len(json.loads((tmp_path / "race.json").read_text())["lanes"]) == 4
    assert all(len(line) <= 100 for line in run.stdout.splitlines() if not line.startswith(("Figure", "Records")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--queries", "0"], "queries must be"),
        (["--seconds", "-1"], "seconds must be"),
        (["--limit", "three"], "limit must be"),
        (["--figure", "race.pdf"], "--figure must end in .png or .svg"),
        (["--json", "/proc/none/race.json"], "--json cannot be written"),
    ],
)
def test_the_command_refuses_in_one_sentence(run_python, options, said):
    run = run_python("-m", "workbook.cli", "race", *options)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("Error: ") and said in run.stderr and len(run.stderr.splitlines()) == 1


def test_the_import_leaves_prefect_and_matplotlib_alone(run_python):
    code = "import sys; from workbook import live, observe, race; print({'prefect', 'matplotlib'} & set(sys.modules))"
    assert run_python("-c", code).stdout == "set()\n"


def test_make_race_is_the_command():
    makefile = subprocess.run(
        ["make", "--no-print-directory", "-n", "race"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    assert makefile.splitlines()[-1].endswith("workbook race")
