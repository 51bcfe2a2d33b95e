# message: For 'backfill' you chose 'work pool'. .*the others would have to wait
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work pool",
        "stocktake": "deployment",
    }
