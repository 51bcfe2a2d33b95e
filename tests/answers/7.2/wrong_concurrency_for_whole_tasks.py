# message: 5 of 6 fit. For 'reports' you chose 'concurrency'. .* its timeout runs out
def choose():
    return {
        "script": "task runner",
        "reports": "concurrency",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
