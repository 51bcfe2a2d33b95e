# message: `seconds_needed\(0, .* returned .*there is nothing to run\.$
import math


def seconds_needed(count, seconds, at_once):
    if count <= at_once:
        return seconds
    return math.ceil(count / at_once) * seconds
