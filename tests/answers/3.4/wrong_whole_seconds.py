# message: The durations aren't whole numbers
def schedule(durations, limit):
    free, starts = [0] * limit, []
    for seconds in durations:
        slot = free.index(min(free))
        starts.append(int(free[slot]))
        free[slot] += seconds
    return starts
