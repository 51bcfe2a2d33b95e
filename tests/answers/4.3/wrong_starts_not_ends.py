# message: if you subtract the time at which the last task starts
def schedule(durations, limit):
    free, starts = [0] * limit, []
    for seconds in durations:
        slot = free.index(min(free))
        starts.append(free[slot])
        free[slot] += seconds
    return starts


def barrier_price(durations, size):
    batches = sum(max(durations[i : i + size]) for i in range(0, len(durations), size))
    return batches - max(schedule(durations, size), default=0)
