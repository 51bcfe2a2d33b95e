# message: That is the number of slot-seconds
import heapq


def under_limit(durations, size):
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    return max(slots)


def in_batches(durations, size):
    return sum(max(durations[first : first + size]) for first in range(0, len(durations), size))


def barrier_price(durations, size):
    return size * in_batches(durations, size) - sum(durations)
