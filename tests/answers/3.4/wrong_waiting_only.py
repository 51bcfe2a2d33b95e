# message: There are 5 tasks, so there should be 5 start times \(got 3\)
import heapq


def schedule(durations, limit):
    """Leaves out those that start at once."""
    free = durations[:limit]
    heapq.heapify(free)
    starts = []
    for seconds in durations[limit:]:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + seconds)
    return starts
