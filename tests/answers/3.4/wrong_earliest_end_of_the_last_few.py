# message: You look at the ends of the last 2 tasks
def schedule(durations, limit):
    starts, ends = [], []
    for place, seconds in enumerate(durations):
        start = 0 if place < limit else min(ends[-limit:])
        starts.append(start)
        ends.append(start + seconds)
    return starts
