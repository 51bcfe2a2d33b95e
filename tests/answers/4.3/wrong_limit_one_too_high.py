# message: the last task ends after [\d.]+ s\.$
import heapq


def barrier_price(durations, size):
    slots = [0] * (size + 1)
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    return sum(max(durations[i : i + size]) for i in range(0, len(durations), size)) - max(slots)
