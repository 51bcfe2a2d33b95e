# message: 5 of 6 fit. For 'licence' you chose 'tag limit'. Each task run would hold a slot for the whole hour
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "tag limit",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
