# message: `seconds_needed\(\d{3}, .*the last with 1\. Don't forget the last round
def seconds_needed(count, seconds, at_once):
    return int(count / at_once + 0.9) * seconds
