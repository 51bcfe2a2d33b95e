def in_batches(durations, size):
    return max(durations[:size]) + in_batches(durations[size:], size) if durations else 0


def under_limit(durations, free):
    if not durations:
        return max(free)
    first, *others = sorted(free)
    return under_limit(durations[1:], [first + durations[0], *others])


def barrier_price(durations, size):
    return in_batches(durations, size) - under_limit(durations, [0] * size)
