# message: `state_read` ends Failed; it doesn't.*returns its name, which is text
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Failed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
