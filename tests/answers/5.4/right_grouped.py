COMPLETED = "waited_for not_raised state_read futures_in_a_dict"
FAILED = "state_returned futures_in_a_list"


def states():
    groups = {"Completed": COMPLETED, "Failed": FAILED, "Crashed": "interrupted"}
    return {name: state for state, names in groups.items() for name in names.split()}
