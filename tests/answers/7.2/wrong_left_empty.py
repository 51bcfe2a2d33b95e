# message: For 'partner' you chose nothing. It should be one of
def choose():
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
