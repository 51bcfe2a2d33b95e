# message: For 'stocktake' you chose 'work queue'. .*runs later, instead of being dropped
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "work queue",
    }
