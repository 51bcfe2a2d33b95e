# message: You deal the tasks out to the slots in turn, so that each waits for the task 2 places ahead
def schedule(durations, limit):
    starts = []
    for place in range(len(durations)):
        before = place - limit
        starts.append(0 if before < 0 else starts[before] + durations[before])
    return starts
