# message: Those are the starts of tasks that run one after another
from itertools import accumulate


def schedule(durations, limit):
    return [0, *accumulate(durations)][: len(durations)]
