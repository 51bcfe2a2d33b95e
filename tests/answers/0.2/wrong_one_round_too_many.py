# message: one round too many
def seconds_needed(count, seconds, at_once):
    return (count // at_once + 1) * seconds
