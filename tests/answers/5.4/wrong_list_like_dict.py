# message: `futures_in_a_list` ends Completed; it doesn't.*futures that a flow returns in a list
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Completed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
