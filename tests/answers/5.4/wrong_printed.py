# message: `states\(\)` returned nothing\. It should return a dict.*`return` at its end
def states():
    print(
        {
            "waited_for": "Completed",
            "not_raised": "Completed",
            "state_read": "Completed",
            "state_returned": "Failed",
            "futures_in_a_list": "Failed",
            "futures_in_a_dict": "Completed",
            "interrupted": "Crashed",
        }
    )
