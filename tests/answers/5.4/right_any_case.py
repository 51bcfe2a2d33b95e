def states():
    found = dict.fromkeys(NAMES, "COMPLETED")
    found |= {"state_returned": "FAILED", "futures_in_a_list": "FAILED", "interrupted": "CRASHED"}
    return found


NAMES = (
    "waited_for",
    "not_raised",
    "state_read",
    "state_returned",
    "futures_in_a_list",
    "futures_in_a_dict",
    "interrupted",
)
