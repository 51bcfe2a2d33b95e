# message: `not_raised` ends Failed; it doesn't\. 6 of your 7.*`raise_on_failure=False` makes the error a value
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Failed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
