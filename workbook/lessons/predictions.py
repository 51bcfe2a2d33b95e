"""What the reader expects of a run, and how it compares with what happened.

A lesson asks for a guess in a cell above the run, `guess = predict("a limit of 3", seconds=..., at_once=...)`, draws it
in the figure with `plot(prediction=guess)`, and answers it in the cell below with `guess.compare(run)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from workbook.figures import words
from workbook.figures.place import notebook_display
from workbook.figures.prose import Prose

KINDS = ("seconds", "at_once", "state")  # what a guess may be about; a lesson may ask for other things too
NEAR = 0.2  # how far off seconds may be and still count as a hit, as a fraction of what it took


@dataclass(frozen=True)
class Compared:
    """One guess beside what happened.

    Args:
        name: what was asked for, as "seconds".
        guessed: the reader's guess.
        actual: what happened.
    """

    name: str
    guessed: Any
    actual: Any

    @property
    def off(self) -> tuple[float, float]:
        """How far apart guess and fact are, as a fraction of the larger one and as a number; 0 or 1 for words."""
        if not (_is_number(self.guessed) and _is_number(self.actual)):
            return (0.0, 0.0) if self.exact else (1.0, 1.0)
        apart = abs(self.guessed - self.actual)
        return apart / max(abs(self.guessed), abs(self.actual), 1e-9), apart

    @property
    def exact(self) -> bool:
        """Whether guess and fact are the same; words may differ in their capital letters."""
        if isinstance(self.guessed, str) and isinstance(self.actual, str):
            return self.guessed.casefold() == self.actual.casefold()
        return self.guessed == self.actual

    @property
    def hit(self) -> bool:
        """Whether it is right; seconds may be off by a fifth of what it took."""
        if _is("seconds", self.name) and _is_number(self.guessed) and _is_number(self.actual):
            return abs(self.guessed - self.actual) <= NEAR * abs(self.actual)
        return self.exact


ANSWERED: dict[str, list[Compared]] = {}  # by what each was about: the guesses of this notebook that were answered


@dataclass(frozen=True)
class Prediction:
    """A guess, made before a run. It unpacks into seconds and most at once, which is how figures take it.

    Args:
        about: the idea in a few words, for the lesson's report.
        asked: the names of what was asked for.
        guesses: by name; those that the reader has not touched are missing.
    """

    about: str
    asked: tuple[str, ...] = ()
    guesses: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Any]:
        yield self.guesses.get("seconds")
        yield self.guesses.get("at_once")

    def compare(self, run: Any = None, **actual: Any) -> Prose:
        """Say how the guess compares with what happened, and keep it for the lesson's report.

        Args:
            run: what `observe` returned: its seconds, its most at once and its state are then known.
            actual: what happened, by the names used in the guess, where the run does not tell.

        Returns:
            A sentence for each guess, shown by the notebook.

        Raises:
            TypeError: something was guessed, and neither `run` nor `actual` says what happened.
        """
        if run is not None:
            known = {
                "seconds": lambda: run.timeline.makespan, "at_once": lambda: run.timeline.peak,
                "state": lambda: run.state.name,
            }  # fmt: skip
            actual = {name: tell() for name, tell in known.items() if name in self.asked} | actual
        if missing := [name for name in self.guesses if name not in actual]:
            raise TypeError(f"compare() needs what happened for {missing[0]!r}: pass the run, or {missing[0]}=….")
        compared = [Compared(name, guess, actual[name]) for name, guess in self.guesses.items()]
        if not compared:
            happened = "; ".join(_fact(name, value) for name, value in actual.items())
            return Prose(f"You made no guess{f'. What happened: {happened}' if happened else ''}.")
        ANSWERED[self.about] = compared
        return Prose("\n".join(_sentence(one) for one in compared))


def predict(about: str = "this run", **guesses: Any) -> Prediction:
    """Note what you expect of a run: `guess = predict("a limit of 3", seconds=2.5, at_once=3)`.

    A guess that still is `...` is left out. One that cannot be meant is left out too, with a sentence that says why:
    a guess never stops the notebook.

    Args:
        about: the idea in a few words.
        guesses: `seconds` from the first start to the last end, `at_once` the most task runs at the same time, or any
            other name that the lesson asks for, as `state="Completed"`.
    """
    said, kept = [], {}
    for name, guess in guesses.items():
        if guess is ...:
            continue
        if wrong := _wrong(name, guess):
            said.append(wrong)
        else:
            kept[name] = guess
    if kept:
        said.insert(0, f"Your guess: {'; '.join(_fact(name, guess) for name, guess in kept.items())}.")
    if not said:
        said = ["No guess yet. Replace each `...` with what you expect and run this cell again, or just go on."]
    show = notebook_display() or print
    show(Prose("\n".join(said)))
    return Prediction(about, tuple(guesses), kept)


def report(answered: dict[str, list[Compared]]) -> str:
    """How good a lesson's guesses were, in a sentence or two; empty if there were none.

    Args:
        answered: the guesses by what they were about.
    """
    every = [(about, one) for about, compared in answered.items() for one in compared]
    if not every:
        return ""
    hits = sum(one.hit for _, one in every)
    near = " (seconds within 20%)" if any(_is("seconds", one.name) for _, one in every) else ""
    text = f"Your guesses: {hits} of {len(every)} {'was' if hits == 1 else 'were'} right{near}."
    about, worst = max(every, key=lambda pair: (not pair[1].hit, pair[1].off))
    if worst.hit:
        return text
    label = _label(worst.name)
    return f"{text} Your biggest surprise was “{about}”{f' ({label})' if label else ''}: {_but(worst)}"


def _sentence(one: Compared) -> str:
    """A guess and its answer, as "The first place: you said 1; it was 0."."""
    if one.exact or _value(one.name, one.guessed) == _value(one.name, one.actual):
        said = f"you said {_value(one.name, one.guessed)}, and that's right."
    else:
        said = f"{_but(one)}{' Close enough!' if one.hit else ''}"
    label = _label(one.name)
    said = f"{label}: {said}" if label else said
    return said[0].upper() + said[1:]


def _but(one: Compared) -> str:
    return f"you said {_value(one.name, one.guessed)}; it was {_value(one.name, one.actual)}."


def _fact(name: str, value: Any) -> str:
    """A guess or a fact in a list, as "2.5 s" or "the first place = 1"."""
    label = _label(name)
    return f"{label} = {_value(name, value)}" if label else _value(name, value)


def _label(name: str) -> str:
    """What a guess is about, in words; empty if its value says so."""
    kind = next((kind for kind in KINDS if _is(kind, name)), "")
    return name.removeprefix(kind).strip("_").replace("_", " ")


def _value(name: str, value: Any) -> str:
    if _is("seconds", name) and _is_number(value):
        return words.seconds(value)
    if isinstance(value, str):
        return f"“{value}”"
    return f"{value} at once" if _is("at_once", name) else f"{value}"


def _wrong(name: str, guess: Any) -> str:
    """What is wrong with the kind of a guess; empty if nothing is."""
    if _is("seconds", name) and not (_is_number(guess) and guess >= 0):
        return (
            f"`{name}` must be a number of seconds, such as 2.5 (got {guess!r:.40}). Change it and run this cell again."
        )
    if _is("at_once", name) and not (isinstance(guess, int) and not isinstance(guess, bool) and guess >= 0):
        return f"`{name}` must be a whole number, such as 3 (got {guess!r:.40}). Change it and run this cell again."
    return ""


def _is(kind: str, name: str) -> bool:
    """Whether a guess is of this kind: `seconds`, or `seconds_…` where a lesson asks for several."""
    return name == kind or name.startswith(f"{kind}_")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
