"""What is said of real runs that nobody here wrote: each trouble by its name, and nothing of a run that is fine."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prefect import allow_failure, flow, task, unmapped
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.concurrency.sync import concurrency
from prefect.deployments import run_deployment
from prefect.futures import as_completed, wait
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.annotations import quote

from tests.production import PREFECT, clean_environment, prefect, started, wait_for
from workbook import observe, observe_run
from workbook.figures.words import sentence
from workbook.prefect_server.limits import ensure_limit, remove_limit
from workbook.runs.report import limit_in_force, to_json
from workbook.timelines.diagnosis import diagnose, explain

pytestmark = [pytest.mark.second, pytest.mark.usefixtures("prefect_server")]


@task
def nap(index, seconds=0.1):
    time.sleep(seconds)
    return {"index": index}


@task
def breaks(index):
    raise ValueError(f"no query {index}\nand more")


@pytest.fixture
def limit(request):
    """A limit of 3 on a tag of the test's own."""
    tag = request.node.name[:40]
    ensure_limit(tag, 3)
    yield tag
    remove_limit(tag)


def codes(seen, limit=None):
    return [finding.code for finding in diagnose(seen.timeline, limit)]


# ----------------------------------------
# Failures


@flow
def unseen(collect):
    futures = [nap.submit(0), breaks.submit(1), nap.submit(2)]
    for future in futures:
        future.result(raise_on_failure=False) if collect else future.wait()
    return "all done"


@pytest.mark.parametrize("collect", [True, False])
def test_a_failed_task_in_a_completed_flow_is_named_with_its_error(collect):
    seen = observe(unseen, collect)
    assert seen.state.is_completed() and codes(seen) == ["failed-unseen"]
    said = explain(seen.timeline)
    assert "1 of 3 tasks failed, but the flow run is Completed: breaks-" in said and "ValueError: no query 1)" in said


begun, over = threading.Event(), threading.Event()


@task
def gives():
    begun.set()
    over.wait(60)
    return "a result"


@task
def takes(result):
    return result


@task
def calls():
    return nap(1)


@flow
def two_kinds_of_parents():
    given = gives.submit()
    begun.wait(60)
    taken = takes.submit(given)  # while it runs
    over.set()
    taken.result()
    calls.submit().result()


def test_what_gave_its_future_did_not_call():
    """Prefect files both under `__parents__`; this fails if that changes."""
    spans = {span.task: span for span in observe(two_kinds_of_parents).timeline}
    assert spans["takes"].parents == {spans["gives"].id} and spans["takes"].called_by == frozenset()
    assert spans["nap"].parents == spans["nap"].called_by == {spans["calls"].id}


@flow
def waits_for_a_failure():
    first = breaks.submit(1)
    last = nap.submit(2, wait_for=[first])
    last.wait()
    return nap.submit(3, wait_for=[allow_failure(first)]).result()


def test_a_task_whose_upstream_failed_never_ran_and_the_cause_is_named():
    seen = observe(waits_for_a_failure)
    assert codes(seen) == ["upstream-failed"]  # the failure itself was allowed for
    (found,) = [finding for finding in diagnose(seen.timeline) if finding.code == "upstream-failed"]
    assert len(found.tasks) == 1 and "breaks-" in found.text


@flow
def fails_early():
    futures = [breaks.submit(0), nap.submit(1, 1.5)]
    return [future.result() for future in futures]


def test_a_flow_that_fails_while_tasks_go_on_is_not_told_to_collect():
    seen = observe(fails_early)
    assert seen.state.is_failed() and codes(seen) == ["flow-ended-first"]
    assert "The flow run failed (ValueError: no query 0" in explain(seen.timeline)


# ----------------------------------------
# Limits


def test_a_limit_is_judged_on_the_tag_that_it_belongs_to(limit):
    three = threading.Barrier(3)

    @task(tags=[limit])
    def query(index):
        three.wait(60)

    @task
    def report(index):
        query(index)

    @flow
    def reports():
        [future.result() for future in [report.submit(index) for index in range(6)]]

    seen = observe(reports)
    assert seen.timeline.peak > 3 and seen.timeline.where(tag=limit).peak == 3
    assert "limit-exceeded" not in codes(seen, 3)
    assert f"The limit of 3 belongs to the tag {limit!r}: 6 of 12 tasks have it." in explain(seen.timeline, 3)


@pytest.mark.slow
def test_slots_that_are_taken_and_that_no_task_has_are_told(limit):
    @task(tags=[limit])
    def query(index):
        time.sleep(0.2)

    @flow
    def queries():
        [future.result() for future in [query.submit(index) for index in range(4)]]

    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{limit}", GlobalConcurrencyLimitUpdate(active_slots=2))
    seen = observe(queries)
    assert codes(seen, 3) == ["slots-unexplained"]
    assert "2 of the 3 slots" in explain(seen.timeline, 3) and "--active-slots 0" in explain(seen.timeline, 3)


def test_slots_that_another_flow_run_held_are_told(limit):
    @task(tags=[limit])
    def query(seconds):
        time.sleep(seconds)

    @task(tags=[limit])
    def holds(gate):
        gate.wait(60)

    import threading
    from concurrent.futures import ThreadPoolExecutor

    gate, begun = threading.Event(), threading.Event()

    @flow
    def other():
        futures = [holds.submit(gate) for _ in range(3)]
        while client_active(limit) < 3:
            time.sleep(0.05)
        begun.set()
        [future.result() for future in futures]

    @flow
    def ours():
        futures = [query.submit(0.1) for _ in range(4)]
        time.sleep(0.3)
        gate.set()
        [future.result() for future in futures]

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(other)
        assert begun.wait(60)
        seen = observe(ours)
        elsewhere.result()
    assert codes(seen, 3) == ["slots-elsewhere"] and "holds-" in explain(seen.timeline, 3)


def client_active(tag):
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}").active_slots


def test_what_tasks_take_themselves_no_record_shows():
    @task
    def query(index):
        with concurrency("nothing-of-this-name", occupy=1):
            time.sleep(0.1)

    @flow
    def queries():
        [future.result() for future in [query.submit(index) for index in range(6)]]

    said = explain(observe(queries).timeline, 2)
    assert "no tag's limit held them back" in said and "concurrency()" in said and "not in force" not in said


# ----------------------------------------
# Order


@flow
def child(number):
    return [future.result() for future in [nap.submit(number), nap.submit(number)]]


@flow
def children(count):
    return [child(number) for number in range(count)]


@pytest.mark.slow
def test_flow_runs_one_after_the_other_are_a_question():
    assert codes(observe(children, 3)) == ["children-in-turn"]
    assert "Did each need the one before" in explain(observe(children, 3).timeline)
    assert codes(observe(children, 2)) == []


@task
def page(cursor):
    time.sleep(0.1)
    return cursor + 1


@flow
def pages():
    cursor = 0
    while cursor < 4:
        cursor = page(cursor)


def test_pages_in_turn_are_asked_about_and_not_scolded():
    said = explain(observe(pages).timeline)
    assert "Did each need the one before" in said and "None was given" not in said


def step(name):
    @task(name=name)
    def run(rows):
        time.sleep(0.1)
        return [*rows, name]

    return run


@flow
def made_by_a_factory():
    rows = []
    for name in ("extract", "transform", "load"):
        rows = step(name)(rows)
    return rows


@flow
def calls_children_that_call():
    return [family(2), family(3)]


@flow
def family(count):
    return [child(number) for number in range(count)]


@pytest.mark.slow
def test_grandchildren_one_after_the_other_are_a_question():
    seen = observe(calls_children_that_call)
    assert codes(seen) == ["children-in-turn"] and len(seen.timeline.around.children) == 7
    assert "3 flow runs of 'child' called by" in explain(seen.timeline)


@flow(retries=1)
def called_once_more(tries):
    tries.append(1)
    if len(tries) == 1:
        fails_early()
    return nap(1)


@pytest.mark.slow
def test_a_called_flow_run_that_failed_in_an_earlier_attempt_is_no_finding():
    seen = observe(called_once_more, quote([]))
    assert seen.state.is_completed() and codes(seen) == []
    assert [(child.state, child.attempt) for child in seen.timeline.around.children] == [("FAILED", 1)]


tries = iter(range(10))


@flow(retries=1)
def repeated():
    [future.result() for future in [nap.submit(index, 0.2) for index in range(4)]]
    if next(tries) == 0:
        raise RuntimeError("the first time")


def test_a_repeated_flow_run_is_judged_by_attempt():
    seen = observe(repeated)
    assert codes(seen) == [] and len(seen.timeline) == 8
    assert explain(seen.timeline).startswith("The flow run was tried 2 times, and each attempt is judged separately.")


failures = iter([True, True])


@task(retries=2, retry_delay_seconds=0.3)
def flaky(index):
    if index == 3 and next(failures, False):
        raise ValueError("failed")
    time.sleep(0.1)


@flow
def with_a_retry():
    [future.result() for future in [flaky.submit(index) for index in range(4)]]


def test_a_task_that_was_tried_again_is_no_straggler():
    seen = observe(with_a_retry)
    assert set(codes(seen)) <= {"retry-delay"}
    (tried,) = [span for span in seen.timeline if span.tries > 1]
    assert tried.tries == 3 and len(tried.delays) == 2
    assert all(tried.start < begun < over < tried.end for begun, over in tried.delays)


@task(retries=1)
def fails_at_first():
    if next(at_first, False):
        raise ValueError("failed")


at_first = iter([True])


@flow
def without_a_delay():
    fails_at_first()


def test_a_task_that_is_tried_again_at_once_has_a_delay_of_no_time():
    (tried,) = observe(without_a_delay).timeline
    ((begun, over),) = tried.delays
    assert tried.tries == 2 and tried.start < begun == over < tried.end


@flow
def in_own_threads(count):
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(nap, range(count)))


def test_tasks_called_from_threads_of_ones_own_are_told_and_not_taken_for_another_runs():
    first = observe(mapped)  # whose process files them under it
    seen = observe(in_own_threads, 2)
    assert len(seen.timeline) == 0 and codes(seen) == ["tasks-astray"]
    assert "2 tasks ran at the same time outside any" in explain(seen.timeline)
    assert codes(observe(in_own_threads, 0)) == []
    assert len(observe_run(first.flow_run_id).timeline) == 4


@flow
def calls_what_fails():
    return fails_early(return_state=True) and nap(1)


def test_a_flow_run_that_was_called_and_failed_unseen_is_named():
    seen = observe(calls_what_fails)
    assert seen.state.is_completed() and codes(seen) == ["failed-unseen"]
    said = explain(seen.timeline)
    assert "1 of 1 called flow run failed, but the flow run is Completed" in said
    assert "check the state they return" in said and "future" not in said


@pytest.mark.slow
def test_attempts_of_a_flow_run_that_was_called_are_not_the_callers():
    attempts = []

    @flow(retries=1)
    def second_time():
        attempts.append(nap(1))
        assert len(attempts) > 1

    @flow
    def caller():
        futures = [breaks.submit(1), nap.submit(2)]
        second_time()
        return [future.wait() for future in futures]

    seen = observe(caller)
    assert seen.state.is_completed() and codes(seen) == ["failed-unseen"]
    assert "was tried" not in explain(seen.timeline)


@flow
def hands_over_to_nobody():
    nap.delay(2)
    return nap(1)


def test_a_task_run_that_nobody_takes_up_is_told():
    seen = observe(hands_over_to_nobody)
    assert codes(seen) == ["never-begun"]
    assert "1 of 2 tasks had not started when the flow run ended" in explain(seen.timeline)


@pytest.mark.slow
def test_a_limit_of_0_is_told_and_no_error(limit):
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{limit}", GlobalConcurrencyLimitUpdate(limit=0))
    shut = nap.with_options(tags=[limit])

    @flow
    def never():
        return shut.submit(1).state.name

    seen = observe(never)
    assert codes(seen) == ["never-begun"] and limit_in_force(seen.timeline) is None
    assert f"The limit on {limit!r} is 0, so no task with this tag can start." in explain(seen.timeline)


@flow
def raises_at_last():
    nap(1)
    raise ValueError("bad total")


def test_how_a_flow_run_ended_is_said_also_without_a_finding():
    said = explain(observe(raises_at_last).timeline)
    assert said.startswith("The flow run failed: ValueError: bad total\nNo other problems found: 1 task in")


# ----------------------------------------
# Runs that are fine


@task
async def async_nap(index):
    await asyncio.sleep(0.1)
    return {"index": index}


@flow
async def gathered():
    return await asyncio.gather(*[async_nap(index) for index in range(4)])


@flow
def mapped():
    return nap.map(range(4)).result()


@flow
def chained():
    return nap.submit(nap.submit(nap.submit(0))).result()


@flow
def nested():
    return child(1)


@flow
def without_tasks():
    return 7


@task(persist_result=True, cache_key_fn=lambda *_: "one")
def cached():
    return 1


@flow
def from_a_cache():
    return [cached() for _ in range(3)]


def test_a_cached_task_run_is_told_apart_from_one_that_ran():
    seen = observe(from_a_cache)
    assert [span.cached for span in seen.timeline][1:] == [True, True]
    assert {span.state for span in seen.timeline} == {"COMPLETED"}
    assert "Cached: cached-" in sentence(seen.timeline)
    assert json.loads(seen.timeline.to_json())["spans"][2]["state_name"] == "Cached"


@task
def clean(found):
    time.sleep(0.1)
    return {"clean": found}


@task
def load(found):
    time.sleep(0.1)
    return {"loaded": found}


@flow
def extract_transform_load():
    return load(clean(nap(0)))


@flow
def three_pipelines_side_by_side():
    return load.map(clean.map(nap.map(range(3), seconds=0.3))).result()


@flow
def with_a_constant():
    return nap.map(range(3), seconds=unmapped(0.3)).result()


@flow
def collected_as_they_end():
    return [future.result() for future in as_completed([nap.submit(index, 0.3) for index in range(4)])]


@flow
def waited_for_and_collected():
    futures = [nap.submit(index, 0.3) for index in range(4)]
    wait(futures)
    return [future.result() for future in futures]


@flow
def returns_its_futures():
    return [nap.submit(index, 0.3) for index in range(3)]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_workers():
    return nap.map(range(6), seconds=0.3).result()


@flow
async def children_side_by_side():
    return await asyncio.gather(*[async_child(index) for index in range(3)])


@flow
async def async_child(index):
    return await async_nap(index)


@flow
async def each_page_needs_the_one_before():
    page = None
    for _ in range(4):
        page = await async_next(page)
    return page


@task
async def async_next(page):
    await asyncio.sleep(0.1)
    return {"after": page}


@task(retries=2)
def second_try(tries):
    if not tries:
        tries.append(1)
        raise ConnectionError("failed")
    return {"tries": 2}


@flow
def tried_again_at_once():
    return second_try(quote([]))


@task
def outer():
    return nap(1)


@flow
def tasks_in_a_task():
    return outer()


@flow
def yields_what_it_found():
    yield from nap.map(range(3), seconds=0.3).result()


@flow
def cleans_up_last():
    rows = nap.map(range(3), seconds=0.3).result()
    return clean_up(rows)


@task
def clean_up(rows):
    return len(rows)


@task
def refine(model):
    time.sleep(0.1)
    return {"model": model}


@flow
def scored(model):
    return nap(model)


@flow
def each_round_needs_the_score_of_the_one_before():
    model = 0
    for _ in range(3):
        model = scored(refine(model))
    return model


@flow
def told_of_a_failure():
    return report_on(allow_failure(fails_inside(return_state=True)))


@flow
def fails_inside():
    breaks(1)


@task
def report_on(outcome):
    return repr(outcome)


attempts = iter(range(2))


@flow(retries=1)
def needs_no_task_at_the_second_try():
    if next(attempts) == 0:
        breaks(1)


FINE = [gathered, mapped, chained, nested, without_tasks, from_a_cache, made_by_a_factory]
FINE_TOO = [
    extract_transform_load, three_pipelines_side_by_side, with_a_constant, collected_as_they_end,
    waited_for_and_collected, returns_its_futures, three_workers, children_side_by_side,
    each_page_needs_the_one_before, tried_again_at_once, tasks_in_a_task, yields_what_it_found, cleans_up_last,
    each_round_needs_the_score_of_the_one_before, told_of_a_failure, needs_no_task_at_the_second_try,
]  # fmt: skip


@pytest.mark.parametrize(
    "fine", [*FINE, *(pytest.param(fine, marks=pytest.mark.slow) for fine in FINE_TOO)], ids=lambda f: f.name
)
def test_a_run_that_is_fine_draws_nothing(fine):
    seen = observe(fine)
    assert seen.state.is_completed() and codes(seen) == []
    assert "No problems found" in explain(seen.timeline)


NIGHTLY = """
import time
from prefect import flow, task

@task
def query(index):
    time.sleep(0.2)
    return {"index": index}

@flow
def nightly():
    return query.map(range(3)).result()
"""


@flow
async def triggers_two():
    runs = [run_deployment("nightly/two-at-a-time", work_queue_name="urgent") for _ in range(2)]
    return [run.state.name for run in await asyncio.gather(*runs)]


@pytest.mark.production
@pytest.mark.slow
def test_deployed_flows_draw_nothing_and_are_shown_with_deployment_pool_and_limits(prefect_server, tmp_path):
    (tmp_path / "nightly.py").write_text(NIGHTLY, encoding="utf-8")
    environment = clean_environment(tmp_path, PREFECT_API_URL=prefect_server.api_url)
    for command in (
        "work-pool create findings-pool --type process",
        "work-pool set-concurrency-limit findings-pool 5",
        "work-queue create urgent --pool findings-pool --limit 4",
        "deploy nightly.py:nightly --name two-at-a-time --pool findings-pool --concurrency-limit 2",
    ):
        prefect(*command.split(), environment=environment, cwd=tmp_path)
    worker = [*PREFECT, "worker", "start", "--pool", "findings-pool"]
    with started(worker, tmp_path / "worker.log", environment) as working:
        wait_for(lambda: "started" in working.printed(), working.printed)
        seen = observe(triggers_two)
    assert seen.result == ["Completed"] * 2, working.printed()
    assert codes(seen) == [] and len(seen.timeline) == 6
    assert {(child.task, child.deployment, child.work_pool) for child in seen.timeline.around.children} == {
        ("nightly", "two-at-a-time", "findings-pool/urgent")
    }
    assert seen.timeline.around.other_limits.items() >= {
        ("deployment 'two-at-a-time'", 2), ("work pool 'findings-pool'", 5), ("work queue 'findings-pool/urgent'", 4)
    }  # fmt: skip
    assert "2 flow runs of the deployment 'nightly/two-at-a-time' in the work pool 'findings-pool/urgent'" in sentence(
        seen.timeline
    )
    deployed = observe_run(seen.timeline.around.children[0].id)
    assert codes(deployed) == [] and len(deployed.timeline) == 3
    record = json.loads(to_json(seen, seen.timeline, None))
    assert record["timeline"]["around"]["children"][0]["deployment"] == "two-at-a-time"


# ----------------------------------------
# Flows of other shapes


@flow
def yields():
    for index in range(3):
        yield nap(index, 0)["index"]


@flow
async def yields_async():
    for index in range(3):
        yield index


@flow
def yields_and_breaks():
    yield 1
    raise ValueError("no more")


@pytest.mark.slow
def test_generator_flows_are_run_to_their_end():
    seen = observe(yields)
    assert seen.result == [0, 1, 2] and seen.state.is_completed() and len(seen.timeline) == 3
    assert observe(yields_async).result == [0, 1, 2]
    broken = observe(yields_and_breaks)
    assert isinstance(broken.error, ValueError) and broken.state.is_failed() and broken.result is None


@flow
def with_timeout(timeout=5, live="on"):
    return timeout, live


@pytest.mark.slow
def test_parameters_of_the_flow_are_the_flows():
    assert observe(with_timeout, timeout=7, live="off").result == (7, "off")
    assert observe(with_timeout).result == (5, "on")


@task(task_run_name="two\nlines \x1b[31mred")
def named_raw():
    return 1


@flow
def raw_names():
    return named_raw()


def test_names_are_printed_as_text_and_not_as_commands_to_the_terminal():
    (span,) = observe(raw_names).timeline
    assert span.name == r"two\nlines \x1b[31mred"
