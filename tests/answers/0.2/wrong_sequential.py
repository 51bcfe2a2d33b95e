# message: returned .*That is the time if they run one after another
def seconds_needed(count, seconds, at_once):
    return count * seconds
