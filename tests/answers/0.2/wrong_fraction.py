# message: A query can't be cut in pieces
def seconds_needed(count, seconds, at_once):
    return count * seconds / at_once
