def last_end(durations, slots, barrier):
    """When the last task ends; with a barrier all slots wait for each other after every `slots` tasks."""
    free = [0.0] * slots
    for place, seconds in enumerate(durations):
        if barrier and place % slots == 0:
            free = [max(free)] * slots
        slot = min(range(slots), key=free.__getitem__)
        free[slot] += seconds
    return max(free)


def barrier_price(durations, size):
    return last_end(durations, size, barrier=True) - last_end(durations, size, barrier=False)
