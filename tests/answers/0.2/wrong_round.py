# message: Don't forget the last round, which isn't full
def seconds_needed(count, seconds, at_once):
    return round(count / at_once) * seconds
