from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@task
def say(text):
    print(text)


@flow(log_prints=True)
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    said = say.submit("the top is on its way")
    one, other = (query.submit(side, seconds, wait_for=[first, said]) for side in (left, right))
    say.submit("the middle is on its way").wait()
    number = count.submit(one, other)
    say.submit(number).wait()
    return number.result()
