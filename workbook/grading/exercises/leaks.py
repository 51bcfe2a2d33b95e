"""Secrets that an answer must not show: how to make some, and whether a text gives one away."""

import random

RARE = "JKQVWXZ"
LEAK = 3  # characters in a row that give a secret away


def secrets(rng: random.Random, *lengths: int) -> list[str]:
    """Passwords of rare letters: no three letters in a row occur twice in them, or by chance in a log."""
    letters, seen = rng.sample(RARE, 2), set()
    while len(letters) < sum(lengths):
        fitting = [x for x in RARE if x != letters[-1] and (*letters[-2:], x) not in seen]
        letters.append(rng.choice(fitting or RARE))
        seen.add(tuple(letters[-3:]))
    return ["".join(letters[sum(lengths[:i]) : sum(lengths[: i + 1])]) for i in range(len(lengths))]


def another(secret: str) -> str:
    """A secret of the same length and kind that differs in every place."""
    return "".join(RARE[RARE.index(x) - 1] if x in RARE else x for x in secret)


def leaked(secret: str, text: str) -> list[int]:
    """The places in a secret from where LEAK characters in a row are in a text."""
    return [start for start in range(len(secret) - LEAK + 1) if secret[start : start + LEAK] in text]
