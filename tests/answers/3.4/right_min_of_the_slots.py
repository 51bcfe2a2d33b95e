def schedule(durations, limit):
    free_at = [0.0 for _ in range(limit)]
    starts = []
    for duration in durations:
        slot = free_at.index(min(free_at))
        starts.append(free_at[slot])
        free_at[slot] += duration
    return starts
