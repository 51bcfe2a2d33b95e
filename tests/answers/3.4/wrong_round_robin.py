# message: You deal the tasks out to the slots in turn\. Each task should take
def schedule(durations, limit):
    starts = []
    for place in range(len(durations)):
        before = place - limit
        starts.append(0 if before < 0 else starts[before] + durations[before])
    return starts
