from prefect import flow, task

from workbook.work import ask


@task
def announce(text):
    print(text)


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow(log_prints=True)
def chain(index, seconds):
    announce("begins")
    rows = extract(index, seconds)
    talk = announce.submit(f"{len(rows)} rows")
    number = transform(rows)
    found = load(number, seconds)
    talk.wait()
    announce("ends")
    return found
