from prefect import flow, task

from workbook.work import ask


@task
def question(index, seconds):
    return ask(index, seconds)


@task(task_run_name="counting")
def how_many(rows):
    return len(rows) % 20


def steps(index, seconds):
    first = question.submit(index, seconds).result()
    second = how_many.submit(first).result()
    return question.with_options(name="again").submit(second, seconds)


@flow
def chain(index, seconds):
    return steps(index, seconds).result()
