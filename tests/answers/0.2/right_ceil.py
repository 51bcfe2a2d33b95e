import math


def seconds_needed(count, seconds, at_once):
    return math.ceil(count / at_once) * seconds
