# message: Python can't read hostile.py: .*line 3
def three_at_a_time(indexes, seconds):
    return [ask(index) for index in indexes
