from prefect import flow, get_run_logger, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def log(rows):
    get_run_logger().info("%s rows", len(rows))


@flow(log_prints=True)
def first_flow(index, seconds):
    rows = query(index, seconds)
    log(rows)
    print("done")
    return rows
