def schedule(durations, limit):
    """Task number `limit` + k starts when k + 1 of those ahead of it have ended."""
    ends, starts = [], []
    for place, seconds in enumerate(durations):
        starts.append(0 if place < limit else sorted(ends)[place - limit])
        ends.append(starts[-1] + seconds)
    return starts
