def schedule(durations, limit):
    """All durations of the shop are multiples of an eighth of a second."""
    waiting, running, starts, clock = list(durations), [], [], 0
    while waiting:
        running = [end for end in running if end > clock]
        while waiting and len(running) < limit:
            starts.append(clock)
            running.append(clock + waiting.pop(0))
        clock += 0.125
    return starts
