# message: says that `waited_for` ends 'Success'\. It should be one of these, as text: 'Completed', 'Failed', 'Crashed'
def states():
    return {
        "waited_for": "Success",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
