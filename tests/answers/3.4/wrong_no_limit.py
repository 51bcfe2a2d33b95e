# message: Without a limit they would all start at 0
def schedule(durations, limit):
    return [0 for _ in durations]
