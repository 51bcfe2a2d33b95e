"""The race on the session's server: which lanes ran how, what is shown and saved, and how the limit is left."""

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import nbformat
import pyte
import pytest
from nbclient import NotebookClient
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound
from rich.console import Console

from conftest import CHECKOUT
from flows import patterns, warehouse
from workbook import observe, race
from workbook.prefect_server.limits import ensure_limit
from workbook.races import board as screen
from workbook.races.lanes import Lane, RaceError
from workbook.races.result import Race, report
from workbook.races.run import _flows, check
from workbook.timelines.timeline import Span, Timeline

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


@pytest.mark.second
def test_every_lane_ran_as_its_pattern_says(ran):
    assert list(ran.timelines) == LANES and not ran.errors
    assert [len(timeline) for timeline in ran.timelines.values()] == [5] * 5
    peaks = {name: timeline.peak for name, timeline in ran.timelines.items()}
    assert peaks == {"sequential": 1, "uncontrolled": 5, "limited": 2, "batched": 2, "pool": 2}


@pytest.mark.second
def test_no_lane_beats_its_ideal_and_the_rows_are_the_same(ran):
    assert all(lane.ratio >= 0.999 for lane in ran.lanes)
    assert ran.same_rows and not any(lane.missing for lane in ran.lanes)


@pytest.mark.second
def test_the_batches_follow_each_other(ran):
    spans = sorted(ran.timelines["batched"], key=lambda span: span.index)
    batches = [spans[i : i + 2] for i in range(0, 5, 2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert all(Timeline.before(one, other) for one, other in pairwise(batches))
    assert all(lane.ideal == lane.timeline.ideal(2) for lane in ran.lanes[2:])


@pytest.mark.second
def test_text_figure_notebook_and_json_have_the_measured_numbers(ran):
    whole = json.loads(ran.to_json())
    shown = ran._repr_mimebundle_()
    for lane, record in zip(ran.lanes, whole["lanes"], strict=True):
        assert record["peak"] == lane.timeline.peak and record["timeline"] == json.loads(lane.timeline.to_json())
        row = next(line for line in ran.text.splitlines() if line.startswith(f"{lane.name} "))
        assert row.split()[1:5] == [
            f"{lane.timeline.makespan:.2f}", f"{lane.ideal:.2f}", f"{lane.ratio:.2f}", str(lane.timeline.peak)
        ]  # fmt: skip
        assert f"{lane.name}: {len(lane.timeline)} task runs" in ran.picture.alt and f"{lane.name}: " in ran.text
    assert max(map(len, ran.text.splitlines())) <= 100
    assert "<img alt=" in shown["text/html"] and shown["text/plain"] == str(ran) == ran.text
    assert shown["text/html"].count("<tr>") == 1 + len(ran.lanes)


@pytest.mark.second
def test_in_a_notebook_it_is_drawn_while_it_runs_and_its_result_is_a_figure_and_a_table(prefect_server):
    cell = "from workbook import race\nrace(queries=2, limit=1, seconds=0.05)"
    notebook, seen = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), []

    class Client(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            seen.append(msg["content"].get("data", {}).get("text/plain", ""))
            return super().process_message(msg, cell, cell_index)

    Client(notebook, timeout=120, kernel_name="python3").execute()
    boards = [said for said in seen if said.startswith("The same 2 queries, 4 ways")]
    assert any("▶ batched" in board for board in boards)
    kept = [output for output in notebook.cells[0].outputs if output.output_type != "stream"]
    assert [output.data["text/plain"][:20] for output in kept] == ["", "The same 2 queries, "]
    assert "<table>" in kept[1].data["text/html"]


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


@pytest.mark.slow
def test_a_limit_that_was_not_there_is_gone_again(no_limit):
    seen = []

    class Watch(screen.Lines):
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

    class Broken(screen.Lines):
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
    with pytest.raises(RaceError, match=rf"^{named} must be .* \(got .*\): try {named}=[\d.]+\.$"):
        check(**{"queries": 20, "limit": 3, "seconds": None} | wrong)


def test_text_from_the_command_line_is_read_as_numbers():
    assert check("20", "3", "0.5") == (20, 3, 0.5) and check(1, 1, None) == (1, 1, None)


def test_a_lane_that_failed_is_told_and_the_others_are_shown():
    spans = tuple(Span(f"query-{i}", i, 0.0, 0.0, 1.0, task="query") for i in range(3))
    well = Lane("limited", Timeline(spans), 1.0, 3, "id")
    badly = Lane("uncontrolled", Timeline(spans), 1.0, None, "id", missing=2, error="too many connections")
    ran = Race((well, badly), 3, 3, None, same_rows=True)
    assert ran.errors == ["The uncontrolled lane didn't complete: too many connections."]
    assert "uncontrolled: It didn't complete: too many connections." in ran.text
    assert "records of 2 task runs never came" in " ".join(ran.text.split())
    assert Race((well,), 3, 3, None, same_rows=False).errors == ["The lanes returned different rows."]


def test_an_empty_lane_has_no_ratio():
    ran = Race((Lane("limited", Timeline(), 0.0, 3, "id", error="no database"),), 3, 3, None, same_rows=True)
    assert json.loads(ran.to_json())["lanes"][0]["ratio"] is None and " - " in ran.text


# ----------------------------------------
# The report and the figure


def lane(name: str, limit: int | None, starts: list[tuple[float, float, float]], **more) -> Lane:
    spans = [Span(f"query-{i}", i, *moments, task="query") for i, moments in enumerate(starts)]
    timeline = Timeline(tuple(spans))
    return Lane(name, timeline, timeline.ideal(limit or len(spans)), limit, "id", **more)


@pytest.fixture
def made() -> Race:
    """Four queries of a second each: 4 s one after another, 2.5 s two at a time."""
    one, two = [(i, i, i + 1.0) for i in range(4)], [(0, 0, 1.0), (0, 0, 1.0), (0, 1.5, 2.5), (0, 1.5, 2.5)]
    lanes = [lane("sequential", None, one), lane("uncontrolled", None, [(0, 0, 1.0)] * 4)]
    return Race((*lanes, lane("limited", 2, two), lane("batched", 2, [(s, s, e) for _, s, e in two])), 4, 2, 1.0, True)


def test_the_title_of_the_figure_is_the_finding(made):
    expected = "Two at a time took 2.5 s: 1.6 times as fast as one after another (4.0 s), and 0.50 s over its ideal"
    assert made.picture.title == expected
    one = lane("limited", 1, [(0, i, i + 1.0) for i in range(4)])
    assert "no faster than one after another (4.0 s)" in replace(made, lanes=(made.lanes[0], one), limit=1).finding
    failed = replace(made, lanes=(made.lanes[0], replace(made.lanes[2], error="no database")))
    assert failed.finding == "The limited lane didn't complete: no database"
    assert replace(made, lanes=made.lanes[:2]).finding  # without the lane of the limit too


def test_the_figure_shows_waits_limits_and_what_its_looks_mean(made):
    panels = made.picture.figure.axes
    drawn = [{child.get_gid(): child for child in axes.get_children()} for axes in panels]
    waits = [len(parts["waits"].get_paths()) if "waits" in parts else 0 for parts in drawn]
    assert waits == [0, 0, 2, 0]  # two that waited for a slot; who is created later does not wait
    assert ["limit" in parts for parts in drawn] == [False, False, True, True]
    box = drawn[2]["waits"].get_paths()[0].get_extents()
    assert (box.x0, box.x1) == (0, 1.5) and box.y0 > 2  # above the bars, and thinner
    assert box.height < 0.5 * drawn[2]["runs"].get_paths()[0].get_extents().height
    assert [text.get_text() for text in panels[0].get_legend().get_texts()] == ["runs", "waits to start", "the limit"]


def test_a_panel_is_no_taller_than_it_needs(made):
    many = lane("uncontrolled", None, [(0, 0, 1.0)] * 20)
    picture = replace(made, lanes=(made.lanes[0], many, *made.lanes[2:])).picture
    heights = [axes.bbox.height / picture.figure.dpi for axes in picture.figure.axes]
    assert max(heights) < 2.3  # inches


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (120, "pattern seconds ideal ratio peak idle at barriers how many ran at once, over time"),
        (100, "pattern seconds ideal ratio peak idle at barriers how many ran at once, over time"),
        (80, "pattern seconds ideal ratio peak idle at barriers"),
        (60, "pattern seconds ideal ratio peak"),
        (30, "pattern seconds peak"),
    ],
)
def test_a_narrow_terminal_has_fewer_columns_and_whole_words(made, width, headings):
    console = Console(width=width, color_system=None, force_terminal=True, legacy_windows=False)
    with console.capture() as captured:
        console.print(report(made, width))
    text = captured.get()
    lines = text.splitlines()
    assert headings in [" ".join(line.split()) for line in lines] and "…" not in text
    assert max(map(len, lines)) <= width
    for ran in made.lanes:
        row = next(line.split() for line in lines if line.startswith(f"{ran.name} "))
        assert row[1] == f"{ran.timeline.makespan:.2f}" and str(ran.timeline.peak) in row[2:]


# ----------------------------------------
# On the screen


def test_the_board_fits_the_projector_while_it_runs():
    console = Console(width=100, height=30, force_terminal=True, color_system=None, legacy_windows=False)
    board = screen.Board(LANES, console)
    waiting = tuple(Span(f"database_query-{i}", i, 0.0, None, None, "PENDING") for i in range(6, 200))
    running = tuple(Span(f"query-{i}", i, 0.0, i / 10, None if i > 2 else 1.0) for i in range(6))
    board._name, board._queries, board._timeline = "sequential", 200, Timeline((*running, *waiting), until=1.5)
    with console.capture() as captured:
        console.print(board._screen())
    lines = captured.get().splitlines()
    assert len(lines) < 30 and max(map(len, lines)) <= 100
    assert any(line.startswith("▶ sequential") for line in lines) and any(line.startswith("waits") for line in lines)


@needs_server
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_make_race_fits_a_terminal_in_large_type():
    """In a real terminal of 100 columns and 30 rows nothing scrolls away, neither during the race nor after it."""
    import pty  # these two are not on Windows
    import termios

    screen = pyte.HistoryScreen(100, 30, history=1000)
    terminal, seen = pyte.ByteStream(screen), set()
    child, end = pty.fork()
    if child == 0:
        os.chdir(CHECKOUT)
        os.execvpe("make", ["make", "-s", "-o", ".venv/.installed", "race"], os.environ | {"TERM": "xterm-256color"})
    termios.tcsetwinsize(end, (30, 100))
    with contextlib.suppress(OSError):  # Linux raises when the other end is closed
        while data := os.read(end, 65536):
            terminal.feed(data)
            seen |= {line.split()[1] for line in screen.display if line.startswith("▶ ")}
    os.close(end)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert seen == set(LANES) - {"pool"} and not screen.history.top
    shown = [line.rstrip() for line in screen.display]
    assert any(line.startswith("The same 20 queries") for line in shown) and "".join(shown).count("Figure: ") == 1


@needs_server
def test_the_command_draws_bars_in_a_terminal_and_lines_elsewhere(tmp_path, run_python):
    command = ["-m", "workbook.cli", "race", "--queries", "2", "--limit", "1", "--seconds", "0.1"]
    run = run_python(*command, "--figure", str(tmp_path / "race.png"), "--json", str(tmp_path / "race.json"))
    assert run.returncode == 0, run.stderr
    assert "sequential …" in run.stdout and "\x1b" not in run.stdout and "Task run" not in run.stdout + run.stderr
    assert f"Figure: {tmp_path / 'race.png'}" in run.stdout and (tmp_path / "race.png").stat().st_size > 1000
    assert len(json.loads((tmp_path / "race.json").read_text(encoding="utf-8"))["lanes"]) == 4
    assert all(len(line) <= 100 for line in run.stdout.splitlines() if not line.startswith(("Figure", "Records")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--queries", "0"], "queries must be"),
        (["--seconds", "-1"], "seconds must be"),
        (["--limit", "three"], "limit must be"),
        (["--figure", "race.pdf"], "--figure must end in .png or .svg"),
        (["--json", "/proc/none/race.json"], "--json can't be written"),
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
