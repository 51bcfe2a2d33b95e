# message: The durations aren't whole numbers
import numpy as np


def schedule(durations, limit):
    free = np.array([0] * limit)
    starts = []
    for seconds in durations:
        slot = free.argmin()
        starts.append(free[slot])
        free[slot] = free[slot] + seconds
    return starts
