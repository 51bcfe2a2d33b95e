# message: Your answer is a function, not a flow: put @flow above it
def three_at_a_time(indexes, seconds):
    return []
