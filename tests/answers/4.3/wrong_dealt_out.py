# message: dealt out to the slots in turn
def barrier_price(durations, size):
    batches = sum(max(durations[first : first + size]) for first in range(0, len(durations), size))
    return batches - max(sum(durations[slot::size]) for slot in range(size))
