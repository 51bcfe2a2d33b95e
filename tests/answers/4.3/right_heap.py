import heapq


def barrier_price(durations, size):
    batches = 0
    for first in range(0, len(durations), size):
        batches += max(durations[first : first + size])
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    return batches - max(slots)
