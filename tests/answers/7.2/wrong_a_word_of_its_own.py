# message: For 'reports' you chose 'tag'. It should be one of 'task runner', 'tag limit'
def choose():
    return {
        "script": "task runner",
        "reports": "tag",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
