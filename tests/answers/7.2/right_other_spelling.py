def choose():
    choices = {"stocktake": "Deployment", "backfill": "work_queue", "partner": "Rate limit"}
    choices |= {"licence": "concurrency()", "reports": "tag_limit"}
    choices["script"] = " Task runner"
    return choices
