# message: returned '.* s'\. It should return a number of seconds
def seconds_needed(count, seconds, at_once):
    return f"{-(-count // at_once) * seconds} s"
