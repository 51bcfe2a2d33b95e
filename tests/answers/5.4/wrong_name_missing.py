# message: has no state for `interrupted`\. It should have these 7 keys
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
    }
