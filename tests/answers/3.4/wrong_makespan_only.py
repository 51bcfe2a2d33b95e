# message: returned [\d.]+\. It should return \[.*\], a list of numbers\. That is the end of the last task
import heapq


def schedule(durations, limit):
    free = [0] * limit
    for seconds in durations:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free)
