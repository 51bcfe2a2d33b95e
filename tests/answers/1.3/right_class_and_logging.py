from prefect import flow, get_run_logger, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@task
def note(number):
    get_run_logger().info("next: query %d", number)


class Chain:
    def __init__(self, index, seconds):
        rows = extract.with_options(task_run_name=f"extract {index}").submit(index, seconds)
        self.number = transform.submit(rows, wait_for=[rows])
        self.noted = note.submit(self.number)
        self.end = load.submit(self.number, seconds)

    def result(self):
        self.noted.wait()
        return self.end.result()


@flow
def chains(indexes, seconds):
    begun = [Chain(index, seconds) for index in indexes]
    return [chain.result() for chain in begun]
