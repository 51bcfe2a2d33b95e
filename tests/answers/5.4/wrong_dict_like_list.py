# message: `futures_in_a_dict` ends Failed; it doesn't.*doesn't look into a dict
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Failed",
        "interrupted": "Crashed",
    }
