# message: `schedule\(\[.*\], [56]\)` raised IndexError: .*There are more slots than tasks
def schedule(durations, limit):
    starts, ends = [0] * limit, [durations[place] for place in range(limit)]
    for seconds in durations[limit:]:
        first = min(ends)
        starts.append(first)
        ends[ends.index(first)] = first + seconds
    return starts[: len(durations)]
