from prefect import flow, get_run_logger, task

from workbook.work import ask


@task(name="one query", description="asks")
def one(pair):
    return ask(*pair)


@task
def log_number(number):
    get_run_logger().info("%d queries", number)


@flow
def ask_all(indexes, seconds):
    return [future.result() for future in [one.submit((index, seconds)) for index in indexes]]


@flow
def all_at_once(indexes: list[int], seconds: float) -> list:
    log_number.submit(len(indexes)).wait()
    return ask_all(indexes, seconds)
