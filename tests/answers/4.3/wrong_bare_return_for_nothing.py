# message: `barrier_price\(\[\], \d\)` returned None\. It should return 0, a number.*A `return` without a value
import heapq


def barrier_price(durations, size):
    if not durations:
        return
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    return sum(max(durations[i : i + size]) for i in range(0, len(durations), size)) - max(slots)
