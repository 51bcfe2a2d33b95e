# message: \], 1\)` returned .*task 2 starts at [\d.]+ s
def schedule(durations, limit):
    waiting, running, starts, clock = list(durations), [], [], 0.0
    while waiting:
        running = [end for end in running if end > clock]
        while waiting and len(running) < limit:
            starts.append(clock)
            running.append(clock + waiting.pop(0))
        clock += 0.5
    return starts
