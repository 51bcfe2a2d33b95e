"""The grader of exercise 7.2: which limit fits which situation."""

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer

TASK_RUNNER, TAG, LINES, RATE = "task runner", "tag limit", "concurrency", "rate limit"
POOL, QUEUE, DEPLOYMENT = "work pool", "work queue", "deployment"
LIMITS = (TASK_RUNNER, TAG, LINES, RATE, POOL, QUEUE, DEPLOYMENT)
RIGHT = {
    "script": TASK_RUNNER, "reports": TAG, "licence": LINES, "partner": RATE, "backfill": QUEUE,
    "stocktake": DEPLOYMENT,
}  # fmt: skip

# What would happen with each of the wrong ones.
COUNTS_FLOW_RUNS = "It counts flow runs: inside a single one, any number of {} at once."
WITH = {
    "script": {
        TAG: "It would hold, but every task run would first ask the server for a slot, although no other flow run uses "
        "the service.",
        LINES: "It would hold, but every task run would first ask the server for a slot, and wait while it is Running, "
        "although no other flow run uses the service.",
        RATE: "It counts starts: slow calls would pile up, and more than four would run at once.",
        POOL: COUNTS_FLOW_RUNS.format("calls could still run"),
        QUEUE: COUNTS_FLOW_RUNS.format("calls could still run"),
        DEPLOYMENT: COUNTS_FLOW_RUNS.format("calls could still run"),
    },
    "reports": {
        TASK_RUNNER: "Each flow run has its own threads: five flows with three threads each could send fifteen queries "
        "at once.",
        LINES: "It would hold, but a task run that waits is Running then, and its timeout runs out.",
        RATE: "It counts starts: slow queries would pile up, and more than three would run at once.",
        POOL: COUNTS_FLOW_RUNS.format("queries could still run"),
        QUEUE: COUNTS_FLOW_RUNS.format("queries could still run"),
        DEPLOYMENT: COUNTS_FLOW_RUNS.format("queries could still run"),
    },
    "licence": {
        TASK_RUNNER: "Each flow run has its own threads, so several flows together could take more than two licences.",
        TAG: "Each task run would hold a slot for the whole hour, so only two could compute at once, and the licences "
        "would be idle most of the time.",
        RATE: "Its slots become free by themselves, while the licences are still in use.",
        POOL: COUNTS_FLOW_RUNS.format("licences could still be in use"),
        QUEUE: COUNTS_FLOW_RUNS.format("licences could still be in use"),
        DEPLOYMENT: COUNTS_FLOW_RUNS.format("licences could still be in use"),
    },
    "partner": {
        TASK_RUNNER: "It counts threads of one flow run: ten threads whose calls take a tenth of a second each make a "
        "hundred calls a second.",
        TAG: "It counts how many run at once: ten at once whose calls take a tenth of a second each are a hundred "
        "calls a second.",
        LINES: "It counts how many run at once: ten at once that take a tenth of a second each are a hundred calls a "
        "second.",
        POOL: COUNTS_FLOW_RUNS.format("calls could still run"),
        QUEUE: COUNTS_FLOW_RUNS.format("calls could still run"),
        DEPLOYMENT: COUNTS_FLOW_RUNS.format("calls could still run"),
    },
    "backfill": {
        TASK_RUNNER: "It counts threads inside one flow run, and doesn't keep another flow run from starting.",
        TAG: "It counts task runs: all flow runs of the backfill would start, and their tasks wait in them.",
        LINES: "All flow runs of the backfill would start, and wait while they are Running.",
        RATE: "It counts starts: a flow run that takes longer than the time between two starts overlaps the next.",
        POOL: "It counts all flow runs of the pool, so the others would have to wait for the backfill as well.",
        DEPLOYMENT: "Each deployment has its own count: ten deployments could run ten flow runs at once.",
    },
    "stocktake": {
        TASK_RUNNER: "It counts threads inside one flow run: the next flow run starts all the same.",
        TAG: "It counts task runs: the next flow run starts, and its tasks wait instead of being dropped.",
        LINES: "The next flow run starts and waits while it is Running, instead of being dropped.",
        RATE: "It counts starts, and doesn't know whether the last run still goes on.",
        POOL: "The next flow run waits and runs later instead of being dropped, and other flows of the pool wait too.",
        QUEUE: "The next flow run waits in the queue and runs later, instead of being dropped.",
    },
}


def chosen(answer: Answer) -> None:
    """Each situation has the limit that fits."""
    found = answer.call()
    expected = f"It should be a dict with a limit for each of {', '.join(map(repr, RIGHT))}."
    if isinstance(found, OpaqueValue) or not isinstance(found, dict):
        shown = found.type if isinstance(found, OpaqueValue) else expect.brief(found)
        raise NotYet(f"`choose()` returned {shown}.", expected)
    if missing := [name for name in RIGHT if name not in found]:
        raise NotYet(f"Your dict has nothing for {missing[0]!r}.", expected)
    if more := [name for name in found if name not in RIGHT]:
        raise NotYet(f"Your dict has {more[0]!r:.60}, which is none of the situations.", expected)
    choices = {name: _plain(choice) for name, choice in found.items()}
    for name, choice in choices.items():
        if choice not in LIMITS:
            shown = "nothing" if choice in ("", "None") else f"{found[name]!r:.60}"
            raise NotYet(f"For {name!r} you chose {shown}.", f"It should be one of {', '.join(map(repr, LIMITS))}.")
    right = sum(choices[name] == RIGHT[name] for name in RIGHT)
    for name in RIGHT:
        if choices[name] != RIGHT[name]:
            raise NotYet(
                f"{right} of {len(RIGHT)} fit. For {name!r} you chose {choices[name]!r}.", WITH[name][choices[name]],
                "Read again what the situation wants to count, and look for it in the table.",
            )  # fmt: skip


def _plain(choice: object) -> str:
    return str(choice).strip().lower().replace("_", " ").removesuffix("()")
