# message: holds no limit on


def ensure_limit(tag, slots):
    return {"tag": tag, "slots": slots}
