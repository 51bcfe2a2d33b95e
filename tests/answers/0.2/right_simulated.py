def seconds_needed(count, seconds, at_once):
    ends = [0.0] * at_once
    for _ in range(count):
        ends.sort()
        ends[0] += seconds
    return max(ends)
