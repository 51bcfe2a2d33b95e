def seconds_needed(count, seconds, at_once):
    full, rest = divmod(count, at_once)
    return full * seconds + (seconds if rest else 0)
