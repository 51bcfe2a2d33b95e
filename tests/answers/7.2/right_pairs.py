LIMITS = ["task runner", "tag limit", "concurrency", "rate limit", "work queue", "deployment"]


def choose():
    return dict(zip(["script", "reports", "licence", "partner", "backfill", "stocktake"], LIMITS, strict=True))
