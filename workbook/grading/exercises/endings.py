"""The grader of exercise 5.4: the states in which seven small flows of lesson 5 end.

`tests/test_pitfalls.py` runs those flows as the lesson shows them, and compares.
"""

from typing import Any

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer, AnswerError

KNOWN = ("Completed", "Failed", "Crashed", "Cancelled")  # what a learner may say; "Cancelled" is never right here
RIGHT = {
    "waited_for": (
        "Completed",
        "`wait()` returns the futures, failed or not, and raises nothing. The function then returns None.",
    ),
    "not_raised": (
        "Completed",
        "`raise_on_failure=False` makes the error a value. The function returns that value like any other, and raises "
        "nothing.",
    ),
    "state_read": (
        "Completed",
        "`return_state=True` hands the flow a state instead of raising. The function returns its name, which is text.",
    ),
    "state_returned": (
        "Failed",
        "Nothing is raised here, but the function returns the task run's state, and Prefect derives the flow run's "
        "state from the states that it returns.",
    ),
    "futures_in_a_list": (
        "Failed",
        "Prefect waits for futures that a flow returns in a list, and looks at their states: one of these two failed.",
    ),
    "futures_in_a_dict": (
        "Completed",
        "Prefect looks at returned states only where they stand alone or in a list, a tuple or a set. It doesn't look "
        "into a dict.",
    ),
    "interrupted": (
        "Crashed",
        "A KeyboardInterrupt isn't an error in your code: it comes from outside, from Ctrl+C or the stop button. "
        "Prefect has its own state for runs that are cut off.",
    ),
}  # by the name of the flow: how it ends, and why


def predicted(answer: Answer) -> None:
    """Every state is right; the verdict explains the first that is not."""
    try:
        found = answer.call()
    except AnswerError as error:
        raise NotYet(
            f"`states()` raised {error}.", "It should return a dict, from the name of each flow to its state."
        ) from None
    said = _by_name(found)
    if missing := [name for name in RIGHT if name not in said]:
        raise NotYet(
            f"Your dict has no state for `{missing[0]}`.",
            f"It should have these {len(RIGHT)} keys: {', '.join(RIGHT)}.",
            "Use the names of the flows, as text.",
        )
    if others := [name for name in said if name not in RIGHT]:
        raise NotYet(
            f"Your dict has a key {others[0]!r}, and no flow has that name.", f"The names are {', '.join(RIGHT)}."
        )
    wrong = [name for name, (state, _) in RIGHT.items() if said[name] != state]
    if wrong:
        name, right = wrong[0], len(RIGHT) - len(wrong)
        raise NotYet(
            f"You said that `{name}` ends {said[name]}; it doesn't. {right} of your {len(RIGHT)} states are right.",
            f"`states()` should name the state in which each flow run ends, one of {', '.join(KNOWN[:3])}.",
            _why(name, said[name]),
        )


def _why(name: str, said: str) -> str:
    """Why a state is wrong for a flow."""
    _, why = RIGHT[name]
    if said == "Crashed":
        return f"A run is Crashed when something outside its code cuts it off, and nothing does that here. {why}"
    if said == "Cancelled":
        return f"A run is Cancelled when somebody asks the server to cancel it. {why}"
    return why


def _by_name(found: Any) -> dict[str, str]:
    """The answer's dict, with each state as Prefect writes its name: any case will do.

    Raises:
        NotYet: it is no dict, or a state is none.
    """
    if not isinstance(found, dict):
        shown = "nothing" if found is None else expect.brief(getattr(found, "text", found))
        raise NotYet(
            f"`states()` returned {shown}.", "It should return a dict, from the name of each flow to its state.",
            "Is there a `return` at its end?" if found is None else "",
        )  # fmt: skip
    if any(str(name).casefold() == one.casefold() for name in found for one in KNOWN):
        raise NotYet(
            "The keys of your dict are states.", "It should return a dict, from the name of each flow to its state."
        )
    said = {}
    for name, state in found.items():
        text = state.text if isinstance(state, OpaqueValue) else state
        known = [one for one in KNOWN if isinstance(text, str) and one.casefold() == text.casefold()]
        if not known:
            raise NotYet(
                f"Your dict says that `{name}` ends {expect.brief(text)}.",
                f"It should be one of these, as text: {', '.join(map(repr, KNOWN[:3]))}.",
            )
        said[name] = known[0]
    return said
