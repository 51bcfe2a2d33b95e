from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def log(text):
    print(text)


@flow(log_prints=True)
def what_there_is(indexes, seconds):
    states = query.map(indexes, unmapped(seconds), return_state=True)
    log.submit([state.type for state in states]).wait()
    good = [state.is_completed() for state in states]
    return {
        "answers": [state.result() for state, ok in zip(states, good) if ok],
        "failed": [index for index, ok in zip(indexes, good) if not ok],
    }
