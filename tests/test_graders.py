"""The graders, proven: right answers in several styles pass, and each wrong one draws the message that it names."""

import contextlib
import multiprocessing
import os
import queue
import random
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import DeploymentSort, FlowRunSort

from conftest import CHECKOUT, WITH_WORKERS
from workbook.grading import exercises, model
from workbook.grading.grader import Grader
from workbook.grading.model import NOT_YET, PASSED
from workbook.lessons import notebooks
from workbook.prefect_server.limits import ensure_limit, remove_limit

FILES = sorted((Path(__file__).parent / "answers").glob("*/*.py"))
SOLUTIONS = {
    exercise_id: text
    for source in notebooks.sources()
    for exercise_id, text in notebooks.answers(notebooks.build(source, solved=True)).items()
}
TAGS = ("database", "warehouse", "partner", "reporting", "ledger")  # what the exercises set limits on
COMMIT = subprocess.run(["git", "rev-parse", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True).stdout


def chosen(kind: str, number: int) -> set[Path]:
    """So many right or wrong answers to each exercise, others at each commit; none that starts processes of its own."""
    rng, piles = random.Random(COMMIT), {}
    for file in FILES:
        if file.name.startswith(kind) and not re.search("right_.*(process_pool|command_line)", file.name):
            piles.setdefault(file.parent.name, []).append(file)
    return {file for pile in piles.values() for file in rng.sample(pile, min(len(pile), number))}


CHOSEN = chosen("wrong", 2)  # what `make test` judges: that right ones pass, the solved notebooks prove


@pytest.fixture(scope="module", autouse=True)
def the_named_server_stays_as_it_was(prefect_server):
    """Also its limits on the tags that the exercises use: a company's server may have them."""
    assert os.environ["PREFECT_API_URL"] == prefect_server.api_url
    for tag in TAGS:
        ensure_limit(tag, 7)
    before = on_the_server()
    assert set(before["limits"]) >= {f"tag:{tag}" for tag in TAGS}
    yield
    assert on_the_server() == before
    for tag in TAGS:
        remove_limit(tag)


def on_the_server() -> dict:
    """All that a grading could change on the server that PREFECT_API_URL names."""
    with get_client(sync_client=True) as client:
        limits = client.read_global_concurrency_limits(limit=200, offset=0)
        deployments = client.read_deployments(limit=200, sort=DeploymentSort.NAME_ASC)
        runs = client.read_flow_runs(sort=FlowRunSort.ID_DESC, limit=200)
        return {
            "limits": {limit.name: (limit.id, limit.limit, limit.active_slots, limit.updated) for limit in limits},
            "deployments": {(deployment.id, deployment.updated) for deployment in deployments},
            "pools": {(pool.id, pool.updated) for pool in client.read_work_pools(limit=200)},
            "runs": {(run.id, run.state.id) for run in runs},
        }


def judged(grader: Grader, exercise_id: str, text: str) -> model.Verdict:
    return grader.judge(exercise_id, model.Source(exercises.find(exercise_id).entry, text))


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=[] if file in CHOSEN else pytest.mark.slow) for file in FILES],
    ids=lambda file: f"{file.parent.name}-{file.stem}",
)
def test_an_answer_draws_its_verdict(grader, file):
    text = file.read_text(encoding="utf-8")
    verdict, wanted = judged(grader, file.parent.name, text), re.findall(r"^# message: (.*)$", text, re.MULTILINE)
    if file.name.startswith("right_"):
        assert verdict.outcome == PASSED, verdict.message + verdict.printed
        assert not wanted
    else:
        assert verdict.outcome == NOT_YET
        assert len(wanted) == 1 and re.search(wanted[0], verdict.message), verdict.message


@pytest.mark.parametrize(
    "exercise_id",  # the checks in the solved notebooks that `make test` runs must pass
    [
        pytest.param(exercise_id, marks=[] if exercise_id.split(".")[0].zfill(2) in WITH_WORKERS else pytest.mark.slow)
        for exercise_id in SOLUTIONS
    ],
)
def test_the_solution_in_the_notebook_passes(grader, exercise_id):
    verdict = judged(grader, exercise_id, SOLUTIONS[exercise_id])
    assert verdict.outcome == PASSED, verdict.message + verdict.printed


def test_every_exercise_has_a_solution_and_answers_enough():
    ids = [exercise.id for exercise in exercises.all_exercises()]
    assert sorted(SOLUTIONS) == sorted(ids)
    for kind, least in (("right", 3), ("wrong", 5)):
        found = Counter(file.parent.name for file in FILES if file.name.startswith(f"{kind}_"))
        assert not [exercise_id for exercise_id in ids if found[exercise_id] < least], kind
    assert {file.parent.name for file in FILES} <= set(ids)
    assert all(file.name.startswith(("right_", "wrong_")) for file in FILES)


def test_wrong_answers_draw_messages_of_their_own():
    """The message that one wrong answer names is not so vague that it fits all others of the exercise."""
    for exercise in exercises.all_exercises():
        texts = [
            file.read_text(encoding="utf-8")
            for file in FILES
            if file.parent.name == exercise.id and "wrong_" in file.name
        ]
        messages = {re.search(r"^# message: (.*)$", text, re.MULTILINE)[1] for text in texts}
        assert len(messages) >= 3, f"{exercise.id}: {messages}"


@pytest.mark.skipif("ROUNDS" not in os.environ, reason="a long proof: set ROUNDS to a number, as ROUNDS=20")
@pytest.mark.timeout(0)
def test_rounds_under_load(capsys):
    """Every right answer and solution again and again, with both cores busy: not one false verdict."""
    rounds, exercise = int(os.environ["ROUNDS"]), os.environ.get("EXERCISE", "")
    texts = [(file.parent.name, file.read_text(encoding="utf-8")) for file in FILES if file.name.startswith("right_")]
    texts = [named for named in [*texts, *SOLUTIONS.items()] if named[0].startswith(exercise)]
    cores = os.cpu_count() or 2
    load = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(cores)]
    free, false = queue.SimpleQueue(), []

    def judge(named: tuple[str, str]) -> model.Verdict:
        mine = free.get()
        try:
            return judged(mine, *named)
        finally:
            free.put(mine)

    try:
        for process in load:
            process.start()
        with capsys.disabled(), contextlib.ExitStack() as stack, ThreadPoolExecutor(max_workers=cores) as pool:
            for place in range(cores):
                free.put(stack.enter_context(Grader(place)))
            for number, verdict in enumerate(pool.map(judge, texts * rounds), start=1):
                if not verdict.passed:
                    false.append(verdict)
                    print(f"\n{verdict.exercise}: {verdict.message}{verdict.printed}")
                if number % len(texts) == 0:
                    print(f"\n{len(false)} false verdicts in {number} ({number // len(texts)} of {rounds} rounds)")
    finally:
        for process in load:
            process.kill()
    assert not false


def _spin() -> None:
    while True:
        pass
