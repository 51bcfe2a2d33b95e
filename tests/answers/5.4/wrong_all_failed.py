# message: `waited_for` ends Failed; it doesn't\. 2 of your 7 states are right.*`wait\(\)` returns the futures
def states():
    return {
        "waited_for": "Failed",
        "not_raised": "Failed",
        "state_read": "Failed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Failed",
        "interrupted": "Failed",
    }
