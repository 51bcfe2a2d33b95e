# message: At most 2 of your tasks ran at once. All [456] should run.*(few workers|batches of up to 2)
from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def count(index, seconds, words):
    return [len(ask(index, seconds)), words]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def with_words(indexes, seconds, words):
    return count.map(indexes, unmapped(seconds), unmapped(words)).result()
