# message: `barrier_price\(\[\], \d\)` raised ValueError: .*It should return 0: there is nothing to run
import heapq


def barrier_price(durations, size):
    free, ends = [0] * size, []
    for seconds in durations:
        ends.append(heapq.heappop(free) + seconds)
        heapq.heappush(free, ends[-1])
    return sum(max(durations[first : first + size]) for first in range(0, len(durations), size)) - max(ends)
