"""The production flow: its order, its peak, its results, and what becomes of it when things go wrong."""

import io
import json
import re
import runpy
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from conftest import CHECKOUT
from flows import prefect_flow, warehouse
from workbook import observe, paths
from workbook.figures import textual
from workbook.prefect_server.limits import ensure_limit, read_limit
from workbook.runs import screen, script
from workbook.timelines.timeline import Span, Timeline

pytestmark = pytest.mark.usefixtures("prefect_server", "three_at_a_time")


@pytest.fixture(scope="module")
def three_at_a_time(prefect_server):
    ensure_limit("database", 3)
    warehouse.prepare()


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def a_run(three_at_a_time, tmp_path_factory):
    """What one complete run leaves on the disk: its folder, for tests that need former results to copy."""
    folder = tmp_path_factory.mktemp("former")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBOOK_DATA", str(folder))
        assert observe(prefect_flow.main_etl).state.is_completed()
    return folder


@pytest.fixture
def former(a_run, data):
    """Former results are published; their folder."""
    shutil.copytree(a_run, data, symlinks=True, dirs_exist_ok=True)
    return (data / "out").resolve()


@pytest.fixture
def quick_retries(monkeypatch):
    assert (prefect_flow.sql_query.retries, prefect_flow.sql_query.retry_delay_seconds) == (2, 10)
    monkeypatch.setattr(prefect_flow, "sql_query", prefect_flow.sql_query.with_options(retry_delay_seconds=0.1))


@pytest.fixture
def failing(monkeypatch):
    """Make chosen queries fail: the first `times[index]` tries of each."""
    times: dict[int, int] = {}
    tries: Counter[int] = Counter()
    real = warehouse.query

    def query(index: int, **arguments):
        tries[index] += 1
        if tries[index] <= times.get(index, 0):
            raise ConnectionError(f"the database failed on query {index}")
        return real(index, **arguments)

    monkeypatch.setattr(warehouse, "query", query)
    return times, tries


def published(data: Path) -> dict[str, dict]:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((data / "out").iterdir())}


def ran_in_order(timeline) -> bool:
    queries, first, second = (timeline.where(task=name) for name in ("sql_query", "cleanup1", "cleanup2"))
    assert (len(queries), len(first), len(second)) == (20, 1, 1)
    return timeline.before(queries, first) and timeline.before(first, second)


@pytest.mark.second
def test_twenty_queries_three_at_a_time_then_clean_up_then_publish(data, meet):
    meet(3)
    seen = observe(prefect_flow.main_etl)
    assert seen.state.is_completed() and seen.missing == 0
    assert seen.timeline.where(tag="database").peak == 3
    assert ran_in_order(seen.timeline)
    files = published(data)
    assert list(files) == [f"{q.index:02d}_{q.name}.json" for q in warehouse.QUERIES]
    for query, content in zip(warehouse.QUERIES, files.values(), strict=True):
        assert content == {"question": query.question, "rows": warehouse.query(query.index, seconds=0)}
    rows = sum(len(content["rows"]) for content in files.values())
    assert seen.result == {"queries": 20, "rows": rows, "output": str(data / "out")}


@pytest.mark.second
def test_the_limit_can_be_changed_without_touching_the_flow(meet):
    meet(5)
    ensure_limit("database", 5)
    try:
        assert observe(prefect_flow.main_etl).timeline.where(tag="database").peak == 5
    finally:
        ensure_limit("database", 3)


@pytest.mark.slow
def test_a_query_that_fails_twice_is_tried_a_third_time(data, failing, quick_retries):
    times, tries = failing
    times[7] = 2
    seen = observe(prefect_flow.main_etl)
    assert seen.state.is_completed() and len(published(data)) == 20
    assert tries == Counter({index: 3 if index == 7 else 1 for index in range(20)})


@pytest.mark.slow
def test_queries_that_fail_for_good(data, former, failing, quick_retries):
    times, tries = failing
    times |= {4: 99, 11: 99}
    seen = observe(prefect_flow.main_etl)
    assert seen.state.is_failed() and ran_in_order(seen.timeline)
    states = Counter(span.state for span in seen.timeline.where(task="sql_query"))
    assert states == {"COMPLETED": 18, "FAILED": 2} and tries[4] == tries[11] == 3
    for index in (4, 11):
        name = warehouse.QUERIES[index].name
        assert f"{index} {name} (ConnectionError: the database failed on query {index})" in str(seen.error)
    assert str(seen.error).startswith("2 of 20 queries failed: ")
    assert (data / "out").resolve() == former  # the former results are still the published ones


@pytest.mark.slow
def test_a_full_disk_is_not_tried_again(data, monkeypatch):
    real = Path.write_text

    def write_text(self, *arguments, **options):
        if self.name.startswith(("03_", "04_")):
            raise OSError(28, "No space left on device", str(self.parent))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", write_text)
    seen = observe(prefect_flow.main_etl)
    assert str(seen.error).startswith("2 of 20 queries failed: 3 order_value_by_city, 4 who_comes_back (PublishError: ")
    assert "No space left on device" in str(seen.error) and not (data / "out").exists()
    assert all(span.seconds < 10 for span in seen.timeline.where(state="FAILED"))  # a retry would wait for 10 s


def files_written(data: Path) -> int:
    return len(list(data.glob("runs/*/*.json")))


@pytest.mark.slow
@pytest.mark.parametrize("written", [0, 1, 10, 20])
def test_killed_and_run_again(data, former, written):
    """kill -9 with so many of the twenty files written: the former results stay, and the next run succeeds."""
    content = {path: path.read_bytes() for path in former.iterdir()}
    others = files_written(data)
    with subprocess.Popen([sys.executable, "flows/prefect_flow.py"], cwd=CHECKOUT, stdout=subprocess.DEVNULL) as run:
        while files_written(data) < others + written and run.poll() is None:
            time.sleep(0.005)
        run.kill()
    if (data / "out").resolve() == former:  # else it was quicker than we were, and has published: also whole
        assert {path: path.read_bytes() for path in former.iterdir()} == content
    assert len(published(data)) == 20

    _set_taken("database", 0)  # a killed client's slots come free within a minute; here they need not be waited for
    assert observe(prefect_flow.main_etl).state.is_completed()
    assert len(published(data)) == 20 and (data / "out").resolve() != former
    left = {path.name for path in (data / "runs").iterdir() if path.is_dir()}
    assert left - {former.name} == {(data / "out").resolve().name}  # the dead run's folder is gone


def _set_taken(tag: str, slots: int) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=slots))


def test_the_script_says_what_it_did(data, run_python, prefect_server):
    said = run_python("flows/prefect_flow.py", "--name", "Ann {1}", PREFECT_API_KEY="pnu_0123456789")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    own = f"{prefect_server.api_url} (the workbook's own; web UI at {prefect_server.ui_url})"
    assert lines[:3] == [f"Prefect server: {own}", "API key: set", "main-etl-job …"]
    bars, summary = said.stdout.split("How many ran at once (limit 3):")
    assert len(re.findall(r"^sql_query-\d+ +│[ ·]*█+ +\d+\.\d+ s$", bars, re.MULTILINE)) == 20
    assert "\nAnn {1} (Completed)\n" in summary and "20 of 20 completed" in summary
    assert re.search("[123] at once, under a limit of 3", summary)
    assert re.search(r"makespan +\d+\.\d+ s; ideal \d+\.\d+ s", summary)
    assert str(data / "out") in summary and f"{prefect_server.ui_url}/runs/flow-run/" in summary
    assert re.search(rf"figure +{re.escape(str(data / 'main-etl-job.png'))}$", summary, re.MULTILINE)
    assert (data / "main-etl-job.png").read_bytes().startswith(b"\x89PNG")
    assert len(lines) < 50 and max(map(len, lines[2:])) < 120
    assert "pnu_" not in said.stdout + said.stderr and "01234567" not in said.stdout + said.stderr


@pytest.mark.slow
def test_prefects_log_lines_are_in_a_file_or_with_v_in_the_terminal(data, run_python):
    log, line = paths.home() / "main-etl-job.log", warehouse.QUERIES[3].question
    log.unlink(missing_ok=True)
    quiet = run_python("flows/prefect_flow.py")
    assert f"log       {log}" in quiet.stdout and "API key: not needed here" in quiet.stdout
    assert "INFO" not in quiet.stdout + quiet.stderr and line in log.read_text(encoding="utf-8")
    size = log.stat().st_size
    loud = run_python("flows/prefect_flow.py", "-v")
    assert line in loud.stderr and "  log  " not in loud.stdout and log.stat().st_size == size
    assert "20 of 20 completed" in quiet.stdout and "20 of 20 completed" in loud.stdout


@pytest.mark.slow
def test_a_query_that_failed_is_said_with_its_error(data, failing, quick_retries, monkeypatch, capsys):
    times, _ = failing
    times[4] = 99
    monkeypatch.setattr(sys, "argv", ["prefect_flow.py"])
    with pytest.raises(SystemExit) as ended:
        script.run(prefect_flow.main_etl, tag="database", limit=3, work="queries")
    said = capsys.readouterr().out
    assert "sql_query-4: Task run failed with exception: ConnectionError('the database failed on query 4')" in said
    assert "19 of 20 completed" in said and "(Failed)" in said and textual.FAIL in said
    assert str(ended.value).startswith("Error: 1 of 20 queries failed: 4 who_comes_back (ConnectionError: ")


def test_a_terminal_has_a_line_for_each_state():
    spans = [Span(f"sql_query-{i}", i, 0.0, 0.0, 1.0) for i in range(4)]
    spans += [Span(f"sql_query-{i}", i, 0.0, 0.5, None, "RUNNING") for i in (4, 5)]
    spans += [Span("sql_query-6", 6, 0.0, 0.5, None, "SCHEDULED"), Span("sql_query-7", 7, 0.0, 0.5, 0.9, "FAILED")]
    spans += [Span(f"sql_query-{i}", i, 0.0, None, None, "PENDING") for i in range(8, 20)]
    assert [str(line).split(maxsplit=3) for line in screen.lines(spans)] == [
        ["waiting", "12", "·" * 12],
        ["running", "2", "██", "sql_query-4, sql_query-5"],
        ["retrying", "1", "┄", "sql_query-6"],
        ["completed", "4", "████"],
        ["failed", "1", textual.FAIL, "sql_query-7"],
    ]


def test_the_lines_of_a_terminal_are_drawn_and_wiped_while_what_is_said_stays():
    console = Console(file=io.StringIO(), width=60, height=20, force_terminal=True, legacy_windows=False)
    with screen.Screen("main-etl-job", "database", "queries", console) as shown:
        shown(Timeline((Span("sql_query-0", 0, 0.0, 0.0, 1.5, tags=frozenset({"database"})),)))
        shown.say("sql_query-1: it failed")
    drawn = console.file.getvalue()
    assert "main-etl-job: 1 queries, 1.5 s" in drawn and "sql_query-1: it failed\n" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")  # the last thing done is to wipe the lines


@pytest.mark.slow
def test_it_works_unchanged_against_a_given_server(run_python, prefect_server):
    given = {"PREFECT_API_URL": prefect_server.api_url, "WORKBOOK_STARTED_URL": None}
    said = run_python("flows/prefect_flow.py", **given)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(
        f"Prefect server: {prefect_server.api_url} (from PREFECT_API_URL)\nAPI key: not needed here\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://user:hunter2@127.0.0.1:1/none"}, "127.0.0.1"),
        ({"DATABASE_URL": "nonsense hunter2"}, "DATABASE_URL"),
        ({"WORKBOOK_TIME_SCALE": "-1"}, "WORKBOOK_TIME_SCALE"),
        ({"WORKBOOK_TIME_SCALE": "fast"}, "WORKBOOK_TIME_SCALE"),
        ({"WORKBOOK_DATA": "/dev/null/data"}, "could not be written"),
    ],
)
def test_bad_input_is_said_in_one_sentence(run_python, environment, sentence):
    said = run_python("flows/prefect_flow.py", **environment)
    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith("Error: ") and sentence in said.stderr
    assert "Traceback" not in said.stdout + said.stderr and "hunter2" not in said.stdout + said.stderr


@pytest.mark.second
def test_a_flow_says_which_slots_are_taken(data, run_python):
    ensure_limit("database", 3)
    _set_taken("database", 1)  # as by a run that was killed a moment ago
    try:
        said = run_python("flows/prefect_flow.py")
    finally:
        _set_taken("database", 0)
    assert said.returncode == 0 and "20 of 20 completed" in said.stdout
    assert "Other runs hold 1 of the 3 slots of the limit on 'database'" in said.stdout


def test_the_limit_script_is_idempotent(monkeypatch, capsys):
    monkeypatch.syspath_prepend(CHECKOUT / "scripts")  # as for a script that is started
    outcomes = []
    for limit in ("2", "2", "4"):
        monkeypatch.setattr(sys, "argv", ["setup_concurrency_limit.py", "--tag", "idempotent", "--limit", limit])
        runpy.run_path(str(CHECKOUT / "scripts" / "setup_concurrency_limit.py"), run_name="__main__")
        outcomes.append(capsys.readouterr().out.splitlines()[-1])
    assert outcomes == [
        "Limit on tag 'idempotent': 2 at once (created); 0 slots taken now.",
        "Limit on tag 'idempotent': 2 at once (unchanged); 0 slots taken now.",
        "Limit on tag 'idempotent': 4 at once (updated); 0 slots taken now.",
    ]
    assert read_limit("idempotent").limit == 4 and read_limit("never-set") is None


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["0", "-3", "three", "1.5", "", "9" * 5000])
def test_the_limit_script_refuses_what_is_no_limit(run_python, limit):
    said = run_python("scripts/setup_concurrency_limit.py", f"--limit={limit}")
    assert said.returncode == 1 and len(said.stderr.splitlines()) == 1 and repr(limit) in said.stderr


@pytest.mark.slow
@pytest.mark.parametrize("tag", ["", " ", "a/b", "50%", "a\nb"])
def test_the_limit_script_refuses_what_is_no_tag(run_python, tag):
    said = run_python("scripts/setup_concurrency_limit.py", f"--tag={tag}")
    assert said.returncode == 1 and len(said.stderr.splitlines()) == 1 and repr(tag) in said.stderr


@pytest.mark.slow
def test_the_limit_script_without_a_server(run_python):
    said = run_python("scripts/setup_concurrency_limit.py", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert said.returncode == 1 and "No Prefect server answers" in said.stderr and len(said.stderr.splitlines()) == 1


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ensure_limit("database", 0)
