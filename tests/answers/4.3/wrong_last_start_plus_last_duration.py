# message: if you subtract the end of the last task in the list
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
    batches = sum(max(durations[i : i + size]) for i in range(0, len(durations), size))
    return batches - (schedule(durations, size)[-1] + durations[-1])
