# message: if the longest task starts first under the limit
import heapq


def barrier_price(durations, size):
    slots = [0] * size
    for seconds in sorted(durations, reverse=True):
        heapq.heapreplace(slots, slots[0] + seconds)
    return sum(max(durations[i : i + size]) for i in range(0, len(durations), size)) - max(slots)
