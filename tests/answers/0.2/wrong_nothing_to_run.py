# message: raised ValueError.*there is nothing to run
def seconds_needed(count, seconds, at_once):
    return max((number // at_once + 1) * seconds for number in range(count))
