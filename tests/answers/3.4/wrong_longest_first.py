# message: You start the longest task first
import heapq


def schedule(durations, limit):
    free = [0] * limit
    starts = []
    for seconds in sorted(durations, reverse=True):
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + seconds)
    return starts
