from fractions import Fraction
from math import ceil


def seconds_needed(count, seconds, at_once):
    return ceil(Fraction(count, at_once)) * Fraction(seconds)
