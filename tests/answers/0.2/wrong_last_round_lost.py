# message: Don't forget the last round
def seconds_needed(count, seconds, at_once):
    return count // at_once * seconds
