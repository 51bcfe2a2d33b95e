import heapq
from decimal import Decimal


def barrier_price(durations, size):
    durations = [Decimal(str(seconds)) for seconds in durations]
    free = [Decimal(0)] * size
    for seconds in durations:
        heapq.heapreplace(free, free[0] + seconds)
    return sum((max(durations[i : i + size]) for i in range(0, len(durations), size)), Decimal(0)) - max(free)
