# message: one round too many when the last one is full
def seconds_needed(count, seconds, at_once):
    rounds = round(count / at_once + 0.5)
    return rounds * seconds
