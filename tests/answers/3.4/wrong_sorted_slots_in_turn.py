# message: task \d starts at|You deal the tasks out to the slots in turn
def schedule(durations, limit):
    ends, starts = sorted(durations[:limit]), [0] * min(limit, len(durations))
    for place, seconds in enumerate(durations[limit:]):
        starts.append(ends[place % limit])
        ends[place % limit] += seconds
    return starts
