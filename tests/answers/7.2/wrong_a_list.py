# message: `choose\(\)` returned \['task runner'
def choose():
    return ["task runner", "tag limit", "concurrency", "rate limit", "work queue", "deployment"]
