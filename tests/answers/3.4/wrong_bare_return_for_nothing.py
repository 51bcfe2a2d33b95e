# message: returned None\. It should return \[\].*return an empty list then
import heapq


def schedule(durations, limit):
    if not durations:
        return
    free, starts = [0] * limit, []
    for seconds in durations:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + seconds)
    return starts
