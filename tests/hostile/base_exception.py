# message: Your answer raised Nasty: nobody expects me
from prefect import flow


class Nasty(BaseException):
    pass


@flow
def three_at_a_time(indexes, seconds):
    raise Nasty("nobody expects me")
