# message: 1 of 6 fit. For 'script' you chose 'tag limit'. It would hold, but every task run
def choose():
    return {
        "script": "tag limit",
        "reports": "tag limit",
        "licence": "tag limit",
        "partner": "tag limit",
        "backfill": "tag limit",
        "stocktake": "tag limit",
    }
