# message: Don't forget the last batch, which isn't full
import heapq


def barrier_price(durations, size):
    slots = [0] * size
    for seconds in durations:
        heapq.heapreplace(slots, slots[0] + seconds)
    batches = [durations[number * size : (number + 1) * size] for number in range(len(durations) // size)]
    return sum(max(batch) for batch in batches) - max(slots)
