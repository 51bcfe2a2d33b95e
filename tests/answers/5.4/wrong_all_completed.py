# message: `state_returned` ends Completed; it doesn't\. 4 of your 7.*returns the task run's state
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Completed",
        "futures_in_a_list": "Completed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Completed",
    }
