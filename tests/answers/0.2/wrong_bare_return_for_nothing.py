# message: `seconds_needed\(0, .* returned None\..*return 0 then
import math


def seconds_needed(count, seconds, at_once):
    if count == 0:
        return
    return math.ceil(count / at_once) * seconds
