# message: The keys of your dict are states
def states():
    return {
        "Completed": ["waited_for", "not_raised", "state_read", "futures_in_a_dict"],
        "Failed": ["state_returned", "futures_in_a_list"],
        "Crashed": ["interrupted"],
    }
