# message: returned None\. It should return a number.*`print` only shows
def seconds_needed(count, seconds, at_once):
    print(-(-count // at_once) * seconds)
