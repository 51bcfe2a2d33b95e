from bisect import insort
from fractions import Fraction


def schedule(durations, limit):
    free, starts = [Fraction(0)] * limit, []
    for seconds in map(Fraction, durations):
        start = free.pop(0)
        starts.append(start)
        insort(free, start + seconds)
    return starts
