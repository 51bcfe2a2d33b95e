# message: That is the time of one round
def seconds_needed(count, seconds, at_once):
    return seconds
