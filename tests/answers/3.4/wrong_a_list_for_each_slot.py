# message: returned \[\[.*a list of numbers\. Return one number for each task
def schedule(durations, limit):
    slots = [[] for _ in range(limit)]
    ends = [0] * limit
    for seconds in durations:
        slot = ends.index(min(ends))
        slots[slot].append(ends[slot])
        ends[slot] += seconds
    return slots
