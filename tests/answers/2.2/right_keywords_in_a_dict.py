from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="{index} with words")
def count(index, **same):
    return [len(ask(index, same["seconds"])), same["words"]]


@task
def log(words):
    print(len(words), "words")


@flow(log_prints=True)
def with_words(indexes, seconds, words):
    log.submit(words).wait()
    same = {name: unmapped(value) for name, value in {"seconds": seconds, "words": words}.items()}
    return count.map(index=indexes, **same).result()
