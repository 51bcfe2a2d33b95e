# message: Round up the number of rounds only
import math


def seconds_needed(count, seconds, at_once):
    return math.ceil(count * seconds / at_once)
