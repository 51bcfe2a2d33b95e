# message: task \d starts at [\d.]+ s, when task \d releases its slot\. You let 2 tasks start together
def schedule(durations, limit):
    starts, clock = [], 0
    for first in range(0, len(durations), limit):
        batch = durations[first : first + limit]
        starts += [clock] * len(batch)
        clock += max(batch)
    return starts
