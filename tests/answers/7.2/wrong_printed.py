# message: `choose\(\)` returned None
def choose():
    print(
        {
            "script": "task runner",
            "reports": "tag limit",
            "licence": "concurrency",
            "partner": "rate limit",
            "backfill": "work queue",
            "stocktake": "deployment",
        }
    )
