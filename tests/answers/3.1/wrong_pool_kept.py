# message: At most 3 of your tasks ran at once\. It should have been [67], the limit on the server
from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(tags=["database"])
def limited_query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_at_a_time(indexes, seconds):
    return limited_query.map(indexes, unmapped(seconds)).result()
