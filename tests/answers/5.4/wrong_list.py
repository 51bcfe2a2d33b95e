# message: `states\(\)` returned \['Completed'.*It should return a dict
def states():
    return ["Completed", "Completed", "Completed", "Failed", "Failed", "Completed", "Crashed"]
