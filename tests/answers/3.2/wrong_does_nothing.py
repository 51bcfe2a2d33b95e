# message: on a tag without a limit left no limit on 'exercise-\d+'\..*Look at the name


def ensure_limit(tag, slots):
    return {"tag": tag, "slots": slots}
