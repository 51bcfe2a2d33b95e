# message: has 'pool', which is none of the situations
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
        "pool": "work pool",
    }
