from fractions import Fraction


def barrier_price(durations, size):
    durations = [Fraction(seconds) for seconds in durations]
    free, batches = [Fraction()] * size, Fraction()
    for place, seconds in enumerate(durations):
        if place % size == 0:
            batches += max(durations[place : place + size])
        slot = free.index(min(free))
        free[slot] += seconds
    return batches - max(free)
