# message: Those are the moments at which the tasks end
import heapq


def schedule(durations, limit):
    free, ends = [0] * limit, []
    for seconds in durations:
        ends.append(heapq.heappop(free) + seconds)
        heapq.heappush(free, ends[-1])
    return ends
