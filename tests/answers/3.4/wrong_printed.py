# message: returned None\. It should return \[.*`print` only shows
import heapq


def schedule(durations, limit):
    free = [0] * limit
    for seconds in durations:
        start = heapq.heappop(free)
        print(start)
        heapq.heappush(free, start + seconds)
