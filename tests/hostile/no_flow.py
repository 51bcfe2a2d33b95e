# message: Your answer is a function and no flow: put @flow above it
def three_at_a_time(indexes, seconds):
    return []
