# message: For 'backfill' you chose 'deployment'. Each deployment has its own count
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "deployment",
        "stocktake": "deployment",
    }
