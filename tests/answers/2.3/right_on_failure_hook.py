from prefect import flow, task

from workbook.work import ask

failed = set()


def note(task, run, state):
    failed.add(run.name)


@task(task_run_name="{index}", on_failure=[note])
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    failed.clear()
    futures = [query.submit(index, seconds) for index in indexes]
    for future in futures:
        future.wait()
    return {
        "answers": [future.result() for index, future in zip(indexes, futures) if str(index) not in failed],
        "failed": [index for index in indexes if str(index) in failed],
    }
