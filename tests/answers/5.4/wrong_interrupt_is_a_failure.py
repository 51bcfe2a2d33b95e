# message: `interrupted` ends Failed; it doesn't.*KeyboardInterrupt isn't an error in your code
def states():
    return {
        "waited_for": "Completed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Failed",
    }
