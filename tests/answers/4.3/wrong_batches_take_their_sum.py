# message: You get that if you add up the durations in a batch
import heapq


def barrier_price(durations, size):
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    return sum(sum(durations[i : i + size]) for i in range(0, len(durations), size)) - max(slots)
