# message: `states\(\)` raised KeyError.*It should return a dict
def states():
    found = {}
    found["waited_for"] = found["forgotten"]
    return found
