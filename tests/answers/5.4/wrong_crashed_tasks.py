# message: `waited_for` ends Crashed; it doesn't.*something outside its code cuts it off
def states():
    return {
        "waited_for": "Crashed",
        "not_raised": "Completed",
        "state_read": "Completed",
        "state_returned": "Failed",
        "futures_in_a_list": "Failed",
        "futures_in_a_dict": "Completed",
        "interrupted": "Crashed",
    }
