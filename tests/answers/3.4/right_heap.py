import heapq


def schedule(durations, limit):
    slots, starts = [0] * limit, []
    for seconds in durations:
        start = heapq.heappop(slots)
        starts.append(start)
        heapq.heappush(slots, start + seconds)
    return starts
