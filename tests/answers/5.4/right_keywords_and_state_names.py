from prefect.states import Completed, Crashed, Failed


def states():
    well, badly = Completed().name, Failed().name
    return dict(
        waited_for=well,
        not_raised=well,
        state_read=well,
        state_returned=badly,
        futures_in_a_list=badly,
        futures_in_a_dict=well,
        interrupted=Crashed().name,
    )
