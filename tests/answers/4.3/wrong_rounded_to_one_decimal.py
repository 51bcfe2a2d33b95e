# message: The number is rounded\. Return it as it is
import heapq


def barrier_price(durations, size):
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    batches = sum(max(durations[i : i + size]) for i in range(0, len(durations), size))
    return round(batches - max(slots), 1)
