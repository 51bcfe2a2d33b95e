# message: on a tag without a limit left no limit on 'exercise-\d+'\..*It holds no limit at all


def ensure_limit(tag, slots):
    return {"tag": tag, "slots": slots}
