"""Guesses: what may be guessed, what a lesson says of a guess, and what its report keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook import predict
from workbook.grading import notebook, progress
from workbook.lessons import predictions
from workbook.lessons.predictions import Compared, report
from workbook.runs.records import Observation
from workbook.timelines.timeline import Span, Timeline


@pytest.fixture(autouse=True)
def answered(monkeypatch, tmp_path):
    """The guesses that were answered, none at first, and a progress file that belongs to the test."""
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    monkeypatch.setattr(predictions, "ANSWERED", {})
    return predictions.ANSWERED


def a_run(seconds: float, at_once: int) -> Observation:
    spans = tuple(Span(f"query-{place}", place, 0.0, 0.0, seconds) for place in range(at_once))
    return Observation(None, "nightly", None, Timeline(spans), None, None, 0)


def test_a_guess_is_compared_with_the_run_and_drawn_as_seconds_and_most_at_once(capsys):
    guess = predict("a limit of 3", seconds=2.5, at_once=3)
    assert capsys.readouterr().out == "Your guess: 2.5 s; 3 at once.\n"
    assert tuple(guess) == (2.5, 3)
    said = guess.compare(a_run(4.1, 3))
    assert said.splitlines() == ["You said 2.5 s; it was 4.1 s.", "You said 3 at once, and that's right."]
    assert guess.compare(a_run(2.6, 2)).splitlines()[0] == "You said 2.5 s; it was 2.6 s. Close enough!"


def test_an_untouched_guess_says_so_stops_nothing_and_is_not_counted(capsys, answered):
    guess = predict("a limit of 3", seconds=..., at_once=...)
    assert "No guess yet" in capsys.readouterr().out
    assert tuple(guess) == (None, None)
    assert guess.compare(a_run(4.1, 3)) == "You made no guess. What happened: 4.1 s; 3 at once."
    assert not answered and report(answered) == ""


@pytest.mark.parametrize(
    "guesses, wanted",
    [
        ({"seconds": "two"}, "`seconds` must be a number of seconds, such as 2.5 (got 'two')."),
        ({"seconds_in_batches": -1}, "`seconds_in_batches` must be a number"),
        ({"seconds": True}, "`seconds` must be a number"),
        ({"seconds": float("nan")}, "`seconds` must be a number"),
        ({"at_once": 2.5}, "`at_once` must be a whole number, such as 3 (got 2.5)."),
        ({"at_once_right": None}, "`at_once_right` must be a whole number"),
    ],
)
def test_a_wrong_kind_of_value_is_told_and_left_out(capsys, guesses, wanted):
    assert predict("x", **guesses).guesses == {}
    assert wanted in capsys.readouterr().out


def test_a_state_or_an_order_can_be_guessed_too():
    guess = predict("a forgotten result", state_wrong_flow="Failed", first=2)
    said = guess.compare(state_wrong_flow="Completed", first=2)
    assert said.splitlines() == [
        "Wrong flow: you said “Failed”; it was “Completed”.", "First: you said 2, and that's right."
    ]  # fmt: skip
    with pytest.raises(TypeError, match="needs what happened for 'first'"):
        guess.compare(state_wrong_flow="Completed")


def test_a_guess_that_has_a_name_is_labelled_with_it(capsys, answered):
    guess = predict("as they finish", the_first_place=1, seconds_batches=3.3)
    assert capsys.readouterr().out == "Your guess: the first place = 1; batches = 3.3 s.\n"
    said = guess.compare(the_first_place=0, seconds_batches=3.0)
    assert said.splitlines() == [
        "The first place: you said 1; it was 0.", "Batches: you said 3.3 s; it was 3.0 s. Close enough!"
    ]  # fmt: skip
    assert report(answered).endswith(" was “as they finish” (the first place): you said 1; it was 0.")
    assert predict("x", last_task=...).compare(last_task="a") == "You made no guess. What happened: last task = “a”."


def test_the_report_of_a_lesson_keeps_the_guesses_and_names_the_biggest_surprise(capsys):
    predict("twenty at once", seconds=1.0).compare(a_run(4.0, 1))
    predict("a limit of 3", seconds=2.0, at_once=3).compare(a_run(2.1, 3))
    notebook.progress_report(3)
    shown = capsys.readouterr().out
    assert "Your guesses: 2 of 3 were right (seconds within 20%)." in shown
    assert "Your biggest surprise was “twenty at once”: you said 1.0 s; it was 4.0 s." in shown
    predictions.ANSWERED.clear()  # as after a restart of the kernel
    notebook.progress_report(3)
    assert "2 of 3 were right" in capsys.readouterr().out
    notebook.progress_report(2)
    assert "guesses" not in capsys.readouterr().out
    assert progress.standing("3.1") == "not attempted"


def test_words_are_compared_without_capital_letters():
    guess = predict("the end", state="completed")
    assert str(guess.compare(state="Completed")) == "You said “completed”, and that's right."


def test_the_biggest_surprise_is_the_guess_furthest_from_the_fact():
    guesses = {"last place": Compared("place", 2, 0), "failures": Compared("count", 0, 17)}
    assert "surprise was “failures” (count): you said 0; it was 17." in report({k: [v] for k, v in guesses.items()})


@given(
    st.lists(
        st.builds(Compared, st.sampled_from(["seconds", "at_once", "state"]), st.integers(0, 9), st.integers(0, 9))
    )
)
def test_a_report_counts_each_guess_once(compared):
    answered = {f"idea {place}": [one] for place, one in enumerate(compared)}
    hits = sum(
        abs(one.guessed - one.actual) * 5 <= one.actual if one.name == "seconds" else one.guessed == one.actual
        for one in compared
    )
    assert report(answered).startswith(f"Your guesses: {hits} of {len(compared)} " if compared else "")
    assert ("surprise" in report(answered)) == (hits < len(compared))
