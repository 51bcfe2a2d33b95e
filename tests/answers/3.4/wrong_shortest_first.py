# message: You start the shortest task first
import heapq


def schedule(durations, limit):
    free, starts = [0] * limit, {}
    for place in sorted(range(len(durations)), key=lambda place: durations[place]):
        starts[place] = heapq.heappop(free)
        heapq.heappush(free, starts[place] + durations[place])
    return [starts[place] for place in range(len(durations))]
