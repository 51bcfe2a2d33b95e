# message: There is no 'three_at_a_time' in hostile.py
def threeAtATime(indexes, seconds):
    return []
