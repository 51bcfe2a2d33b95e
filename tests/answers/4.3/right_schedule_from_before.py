def schedule(durations, limit):
    free, starts = [0] * limit, []
    for seconds in durations:
        slot = free.index(min(free))
        starts.append(free[slot])
        free[slot] += seconds
    return starts


def barrier_price(durations, size):
    if not durations:
        return 0
    batches = [durations[first : first + size] for first in range(0, len(durations), size)]
    last = max(start + seconds for start, seconds in zip(schedule(durations, size), durations))
    return sum(max(batch) for batch in batches) - last
