# message: says that `futures_in_a_list` ends \['Completed', 'Failed'\]\. It should be one of these
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": ["Completed", "Failed"],
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
