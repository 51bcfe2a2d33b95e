# message: For 'script' you chose 'work pool'. It counts flow runs
def choose():
    return {
        "script": "work pool",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
