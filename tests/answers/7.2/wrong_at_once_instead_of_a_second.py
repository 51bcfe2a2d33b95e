# message: For 'partner' you chose 'concurrency'. .*a hundred calls a second
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "concurrency",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
