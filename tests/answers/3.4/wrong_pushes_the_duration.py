# message: You put back how long a task takes
import heapq


def schedule(durations, limit):
    free, starts = [0] * limit, []
    for seconds in durations:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, seconds)
    return starts
