# message: `schedule\(\[\], \d\)` raised ValueError: .*It should return \[\]\. With nothing to run
import heapq


def schedule(durations, limit):
    free, starts = [0] * min(limit, len(durations)), []
    longest = max(durations)
    for seconds in durations:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + min(seconds, longest))
    return starts
