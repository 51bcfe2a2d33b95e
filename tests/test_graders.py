"""The graders, proven: right answers in several styles pass, and each wrong one draws the message that it names."""

import multiprocessing
import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import pytest

from flows import warehouse
from workbook import answers, exercises, lessons
from workbook.grading import judge
from workbook.progress import NOT_YET, PASSED

FILES = sorted((Path(__file__).parent / "answers").glob("*/*.py"))
SOLUTIONS = {
    exercise_id: text
    for source in lessons.sources()
    for exercise_id, text in lessons.answers(lessons.build(source, solved=True)).items()
}
AT_ONCE = 4  # answers judged side by side; with more of them beside the other files a slot is handed over too slowly


@pytest.fixture(scope="module")
def verdicts(request, prefect_server):
    """The answers and solutions of the tests that were asked for, judged side by side, all before the first of them.

    Not meanwhile: pytest changes `os.environ` from test to test, and a thread that looks at it just then fails.
    """
    warehouse.prepare()
    chosen = {value for item in request.session.items if item.path == request.path and hasattr(item, "callspec")
              for value in item.callspec.params.values()}  # fmt: skip
    texts = {file: (file.parent.name, file.read_text()) for file in FILES}
    texts |= {exercise_id: (exercise_id, text) for exercise_id, text in SOLUTIONS.items()}
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return {key: pool.submit(judged_answer, *texts[key]) for key in dealt(texts) if key in chosen}


def dealt(texts: dict) -> list:
    """The keys, one of every exercise, then one more of every one: so neighbours seldom wait for the same limit."""
    piles: dict[str, list] = {}
    for key, (exercise_id, _) in texts.items():
        piles.setdefault(exercise_id, []).append(key)
    return [key for turn in zip_longest(*piles.values()) for key in turn if key is not None]


def judged_answer(exercise_id: str, text: str):
    exercise = exercises.find(exercise_id)
    return judge(exercise, answers.Source(exercise.entry, text))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_answer_draws_its_verdict(verdicts, file):
    verdict = verdicts[file].result()
    wanted = re.findall(r"^# message: (.*)$", file.read_text(), re.MULTILINE)
    if file.name.startswith("right_"):
        assert verdict.outcome == PASSED, verdict.message + verdict.printed
        assert not wanted
    else:
        assert verdict.outcome == NOT_YET
        assert len(wanted) == 1 and re.search(wanted[0], verdict.message), verdict.message


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("exercise_id", SOLUTIONS)
def test_the_solution_in_the_notebook_passes(verdicts, exercise_id):
    verdict = verdicts[exercise_id].result()
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
        texts = [file.read_text() for file in FILES if file.parent.name == exercise.id and "wrong_" in file.name]
        messages = {re.search(r"^# message: (.*)$", text, re.MULTILINE)[1] for text in texts}
        assert len(messages) >= 3, f"{exercise.id}: {messages}"


@pytest.mark.skipif("ROUNDS" not in os.environ, reason="a long proof: set ROUNDS to a number, as ROUNDS=20")
@pytest.mark.timeout(0)
def test_rounds_under_load(prefect_server, capsys):
    """Every right answer and solution again and again, with both cores busy: not one false verdict."""
    warehouse.prepare()
    rounds, chosen = int(os.environ["ROUNDS"]), os.environ.get("EXERCISE", "")
    texts = [(file.parent.name, file.read_text()) for file in FILES if file.name.startswith("right_")]
    texts = [named for named in [*texts, *SOLUTIONS.items()] if named[0].startswith(chosen)]
    load = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 2)]
    false = []
    try:
        for process in load:
            process.start()
        with ThreadPoolExecutor(max_workers=6) as pool, capsys.disabled():  # more than side by side with other files
            verdicts = pool.map(lambda named: judged_answer(*named), texts * rounds)
            for number, verdict in enumerate(verdicts, start=1):
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
