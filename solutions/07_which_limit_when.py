# %% [markdown]
# # 07 · Which limit when
#
# Prefect has several limits, and each counts something different. In this lesson you put the same work under seven of
# them, see what each one counts and what waiting looks like, and choose the right one for six situations.
#
# **45 minutes** · two exercises · you need [03 · Server-side limits](03_server_side_limits.ipynb)

# %%
from workbook import check, hint, observe, observe_run, predict, progress_report, server, solution

server.ensure()

# %% tags=["setup"]
import time

from prefect import flow, task
from prefect.concurrency.sync import concurrency, rate_limit
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask

# %% [markdown]
# ## The same work each time
#
# A night's work is six reports. A report lays out its page, without the database, then runs one query; the database can
# handle three at a time. `query`, here not a task, returns its start and end times.


# %%
def query(index):
    begun = time.time()
    ask(index, 0.5)
    return begun, time.time()


@task
def report(index):
    time.sleep(0.3)  # lays out the page
    return query(index)


@flow
def no_limit():
    return report.map(range(6)).result()


# %% [markdown]
# Does a limit also hold while a second flow run does the same work? To find out, `measure` (you can skip its code) runs
# a flow twice at once. It returns two timelines: the task runs of both flow runs, and their queries.

# %%
from concurrent.futures import ThreadPoolExecutor

from workbook.timelines.timeline import Span, Timeline

measured = {}


def measure(name, flow):
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(observe, [flow, flow]))
    task_runs = [span for run in runs for span in run.timeline]
    times = [times for run in runs for times in run.result]
    queries = [Span(f"query-{i}", i, start, start, end) for i, (start, end) in enumerate(times)]
    measured[name] = Timeline(tuple(task_runs)), Timeline(tuple(queries))
    return measured[name]


# %%
task_runs, queries = measure("no limit", no_limit)
print("task runs at once:", task_runs.peak, "- queries at once:", queries.peak)

# %% [markdown]
# ## Task runner: threads of one flow run
#
# The simplest limit needs no server. A flow runs its submitted tasks in threads, and you can say how many.


# %%
@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_threads():
    return report.map(range(6)).result()


# %% [markdown]
# `measure` runs this flow twice at the same moment. How many queries will the database get at once, at most?

# %% tags=["guess"]
guess = predict("a task runner in two flow runs", at_once=6)

# %%
task_runs, queries = measure("task runner", three_threads)

# %%
guess.compare(at_once=queries.peak)

# %% tags=["nbval-check-output"]
print("more than 3 queries at once:", queries.peak > 3, "- more than 6:", queries.peak > 6)

# %% [markdown]
# Each flow run has its own three threads, and neither knows about the other. Use this limit if one flow run has the
# resource to itself. It's quick, because no task run has to ask the server for a slot.
#
# ## Tag limit: task runs of all flows
#
# You know this one from lesson 03. The task carries a tag, and the server limits it.

# %%
# !prefect gcl create tag:shop-report --limit 3


@task(tags=["shop-report"])
def tagged_report(index):
    time.sleep(0.3)
    return query(index)


@flow
def tag_limit():
    return tagged_report.map(range(6)).result()


# %%
task_runs, queries = measure("tag limit", tag_limit)

# %% tags=["nbval-check-output"]
print("more than 3 task runs at once:", task_runs.peak > 3)
print("more than 3 queries at once:", queries.peak > 3)

# %% [markdown]
# The limit holds across both flow runs. But it counts *whole* task runs: a report holds its slot while it lays out its
# page, although the database has nothing to do then.
#
# ## concurrency(): some lines of a task
#
# A global limit without `tag:` in its name belongs to no tag. A task acquires a slot with `concurrency()`, and holds it
# only inside the `with` block.

# %%
# !prefect gcl create shop-queries --limit 3


@task
def gated_report(index):
    time.sleep(0.3)
    with concurrency("shop-queries", strict=True):
        return query(index)


@flow
def limited_lines():
    return gated_report.map(range(6)).result()


# %% [markdown]
# Twelve reports in two flow runs. How many task runs will be Running at once, and how many queries? And in which state
# is a task run that waits for a slot: `"Pending"` or `"Running"`?

# %% tags=["guess"]
guess = predict(
    "concurrency()", at_once_queries=3, at_once_task_runs=12, state_while_waiting="Running"
)

# %%
from workbook.plots import comparison

task_runs, queries = measure("concurrency()", limited_lines)
comparison(
    {"task runs": task_runs, "their queries": queries},
    limits={"their queries": 3},
    title=f"{task_runs.peak} task runs at once, {queries.peak} queries at once",
    what="bar",
)

# %% [markdown]
# To see how a task run waits, look at the slowest one. Did it spend more time Pending or Running?


# %%
def slowest(task_runs):
    span = max(task_runs, key=lambda span: span.end - span.created)
    return {"Pending": span.start - span.created, "Running": span.end - span.start}


waited = slowest(task_runs)
guess.compare(
    at_once_queries=queries.peak,
    at_once_task_runs=task_runs.peak,
    state_while_waiting=max(waited, key=waited.get),
)

# %% tags=["nbval-check-output"]
print("more than 3 queries at once:", queries.peak > 3)
print("more than 3 task runs at once:", task_runs.peak > 3)

# %% [markdown]
# All reports lay out their pages at once, and only the queries wait. The price: a task run that waits is Running, so
# its state doesn't tell you that it's just waiting. If its task has a timeout (`timeout_seconds`), the wait uses up
# part of it. Under a tag limit, the timeout starts when the task run has its slot.
#
# <details><summary>What does strict=True do?</summary>
#
# If there is no limit of that name, `concurrency()` only logs a warning, and everything runs. With `strict=True` it
# raises an error.
# </details>
#
# ## rate_limit(): starts per second
#
# Some services limit how often calls start, not how many run at once. Give a global limit a *slot decay*, and its slots
# become free by themselves. Here there is one slot, and a quarter of a second after a start it's free again.

# %%
# !prefect gcl create shop-starts --limit 1 --slot-decay-per-second 4


@task
def paced_report(index):
    time.sleep(0.3)
    rate_limit("shop-starts")
    return query(index)


@flow
def starts_per_second():
    return paced_report.map(range(6)).result()


# %% [markdown]
# Twelve queries, at most four starts a second. Without the limit, all start almost at once. How many seconds will pass
# from the first start to the last one?

# %% tags=["guess"]
guess = predict("rate_limit()", seconds=2.75)

# %%
task_runs, queries = measure("rate_limit()", starts_per_second)
starts = sorted(span.start for span in queries)
guess.compare(seconds=starts[-1] - starts[0])

# %% tags=["nbval-check-output"]
print("all twelve started within two seconds:", starts[-1] - starts[0] < 2)

# %% [markdown]
# Never more than four start in a second, but often fewer: a client that finds no slot tries again after a random time.
# And `rate_limit()` doesn't care when a query ends. If each took a minute, all twelve would run at once.
#
# ## Side by side
#
# Each bar is one query. Under the task runner and the tag limit, in many gaps a report lays out its page and still
# holds its thread or slot. Under `concurrency()`, all pages are laid out at the start, and a gap lasts until a waiting
# task run asks for a slot again.

# %%
comparison(
    {name: queries for name, (_, queries) in measured.items()},
    title="The same twelve queries, without a limit and under four limits",
    what="bar",
)

# %%
print("                at once:         slowest task run:")
print("                task runs  queries   Pending   Running")
for name, (task_runs, queries) in measured.items():
    waited = slowest(task_runs)
    print(f"{name:<15} {task_runs.peak:>9} {queries.peak:>8}", end="")
    print(f"{waited['Pending']:>8.1f} s {waited['Running']:>7.1f} s")

# %% [markdown]
# The task runner's reports don't seem to wait at all. They do, but inside the flow's process: the server hears of a
# task run only when a thread picks it up.
#
# ### Exercise 7.1 · Limit only what needs it
#
# Write the flow `reports(pairs, seconds)`. Each pair `(archived, current)` has two query numbers, and gets one task
# run. The task first calls `ask(archived, seconds)`: the archive has no limit, so all of these queries run at once.
# Then it calls `ask(current, seconds)` on the live database, under the limit `live-database`, which the check creates.
# Return `(archived rows, current rows)` for each pair, in order.


# %% tags=["exercise-7.1"]
# >>> your code
@task
def old_and_new(archived, current, seconds):
    old = ask(archived, seconds)
    with concurrency("live-database", strict=True):
        new = ask(current, seconds)
    return old, new


@flow
def reports(pairs, seconds):
    futures = [old_and_new.submit(archived, current, seconds) for archived, current in pairs]
    return [future.result() for future in futures]


# --- stub
# @flow
# def reports(pairs, seconds):
#     raise NotImplementedError("7.1: a task of about 5 lines, a flow of about 2")
# <<< your code

# %%
check("7.1", reports)

# %%
# hint("7.1", 1)

# %%
# hint("7.1", 2)

# %%
# hint("7.1", 3)

# %%
# solution("7.1")

# %% [markdown]
# ## Limits on flow runs
#
# The other three limits count *flow runs*. A *worker* (here a process, not a thread of a task runner) starts them from
# a file. The next cell writes `night.py` into this notebook's folder.

# %%
# %%writefile night.py
import time

from prefect import flow, task

from workbook.work import ask


@task
def report(index):
    time.sleep(0.3)
    return ask(index, 0.5)


@flow
def night():
    return report.map(range(6)).result()


# %% [markdown]
# A *deployment* names a flow and a *work pool*, where its flow runs wait for the worker; lesson 10 explains these
# terms. The first command removes what an interrupted run of this notebook left; usually it finds nothing, and says so.
# `prefect deploy` prints a lot, so I store that in `output`; print it if something goes wrong.

# %%
# !prefect --no-prompt work-pool delete shop-pool
# !prefect work-pool create shop-pool --type process
# output = !prefect --no-prompt deploy night.py:night --name plain --pool shop-pool

# %% [markdown]
# ## Work pool: flow runs of the whole pool
#
# At most two flow runs of this pool may run at once.

# %%
# !prefect work-pool set-concurrency-limit shop-pool 2

# %% [markdown]
# I trigger three. Then a worker looks into the pool once, runs what the limit allows, and stops. How many flow runs
# will be Completed?

# %% tags=["guess"]
guess = predict("a work pool's limit", completed_flow_runs=2)

# %%
from prefect.client.orchestration import get_client


def trigger(name, count):
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(name)
        return [client.create_flow_run_from_deployment(deployment.id) for _ in range(count)]


plain = trigger("night/plain", 3)
# output = !prefect worker start --pool shop-pool --run-once

# %% [markdown]
# The server keeps every state that a flow run has had. `states` shows them. (*Submitting*: the worker is starting a
# process.)


# %%
def states(runs):
    with get_client(sync_client=True) as client:
        found = [client.read_flow_run_states(run.id) for run in runs]
    return [" → ".join(state.name for state in one) for one in found]


def ran(runs):
    return [run for run, names in zip(runs, states(runs)) if "Running" in names]


states(plain)

# %%
ran_first = ran(plain)
guess.compare(completed_flow_runs=len(ran_first))

# %% tags=["nbval-check-output"]
spans = [span for run in ran_first for span in observe_run(run.id).timeline]
print(len(ran_first), "of", len(plain), "flow runs ran")
print("more than 3 reports at once:", Timeline(tuple(spans)).peak > 3)

# %% [markdown]
# The third is Scheduled; after 15 seconds the server calls it *Late*. It runs when a worker looks again and finds room.
# The limit doesn't count task runs, so each flow run sent all its queries at once.
#
# <details><summary>And prefect worker start --limit 2?</summary>
#
# That limits a single worker: two such workers can run four flow runs at once. The pool's limit holds across all its
# workers.
# </details>
#
# ## Work queue: a part of the pool
#
# A pool can have several queues, each with its own limit. A *backfill* reruns old nights. Mine gets a queue with a
# limit of 1. The first command below removes the pool's own limit.

# %%
# !prefect work-pool clear-concurrency-limit shop-pool
# output = !prefect work-queue create backfill --pool shop-pool --limit 1
# output = !prefect --no-prompt deploy night.py:night --name old --pool shop-pool \
#     --work-queue backfill

# %% [markdown]
# I trigger two flow runs of the backfill. The plain one from before still waits in the pool's default queue. How many
# of the three will be Completed after the worker has looked once?

# %% tags=["guess"]
guess = predict("a work queue's limit", completed_flow_runs=2)

# %%
left = [run for run in plain if run not in ran_first]
backfill = trigger("night/old", 2)
# output = !prefect worker start --pool shop-pool --run-once

# %%
guess.compare(completed_flow_runs=len(ran(left + backfill)))

# %% tags=["nbval-check-output"]
print(len(ran(left)), "of", len(left), "in the default queue ran")
print(len(ran(backfill)), "of", len(backfill), "in the queue of the backfill ran")

# %% [markdown]
# The queue holds back its own flow runs and no others. The one that waits looks the same as before: Scheduled, then
# Late.
#
# ## Deployment: flow runs of one deployment
#
# A deployment's limit counts its own flow runs. Its *collision strategy* says what happens to a run that is one too
# many. I deploy the flow twice, once with each strategy; `ENQUEUE` is the default.

# %%
# output = !prefect --no-prompt deploy night.py:night --name later --pool shop-pool \
#     --concurrency-limit 1 --collision-strategy ENQUEUE
# output = !prefect --no-prompt deploy night.py:night --name never --pool shop-pool \
#     --concurrency-limit 1 --collision-strategy CANCEL_NEW

# %% [markdown]
# I trigger each twice. The worker takes all four (and the one left in `backfill`), and asks the server before it starts
# each. In which state will each held-back flow run be: `"Scheduled"`, `"Pending"`, `"Failed"` or `"Cancelled"`?

# %% tags=["guess"]
guess = predict("a collision", state_enqueue="Scheduled", state_cancel_new="Cancelled")

# %%
later = trigger("night/later", 2)
never = trigger("night/never", 2)
# output = !prefect worker start --pool shop-pool --run-once


# %%
def held_back(runs):
    with get_client(sync_client=True) as client:
        found = [client.read_flow_run(run.id).state for run in runs]
    return next(state.type.value.capitalize() for state in found if not state.is_completed())


guess.compare(state_enqueue=held_back(later), state_cancel_new=held_back(never))

# %%
states(later + never)

# %% tags=["nbval-check-output"]
print("ENQUEUE:", len(ran(later)), "of 2 ran, the other is", held_back(later))
print("CANCEL_NEW:", len(ran(never)), "of 2 ran, the other is", held_back(never))

# %% [markdown]
# *AwaitingConcurrencySlot* is a kind of Scheduled: the flow run is due again in half a minute. A worker that keeps
# running asks again then, and every 30 seconds after that. A cancelled flow run never runs.
#
# ## Tidy up
#
# This removes everything that the lesson created on your server, except the flow runs that ended.

# %%
from pathlib import Path

with get_client(sync_client=True) as client:
    for run in backfill + later:
        if client.read_flow_run(run.id).state.is_scheduled():
            client.delete_flow_run(run.id)
    for name in ("plain", "old", "later", "never"):
        client.delete_deployment(client.read_deployment_by_name(f"night/{name}").id)
    client.delete_work_pool("shop-pool")
    for name in ("tag:shop-report", "shop-queries", "shop-starts"):
        client.delete_global_concurrency_limit_by_name(name)
Path("night.py").unlink()

# %% [markdown]
# ## Which limit when
#
# | You want to limit | Use | It counts | A waiting run | Holds across flow runs |
# |---|---|---|---|---|
# | the tasks of one flow run | task runner | threads of one flow run | has no record yet | no: each has its own |
# | whole tasks of any flow | tag limit | task runs | is Pending | yes |
# | some lines of a task | `concurrency()` | task runs inside the `with` block | is Running | yes |
# | how often something starts | `rate_limit()` | starts per second | is Running | yes |
# | everything a pool runs | work pool | flow runs of the pool | is Scheduled, then Late | yes |
# | one kind of flow run in a pool | work queue | flow runs of the queue | is Scheduled, then Late | yes |
# | the runs of one deployment | deployment | its flow runs | is AwaitingConcurrencySlot, or ends Cancelled | yes |
#
# [Which limit when](../docs/which_limit_when.md) has the same table with the commands.
#
# ### Exercise 7.2 · Six situations
#
# Which of the seven limits fits each situation? One of the seven is left over.
#
# - **script**: Once a day, a flow calls a small service that nobody else uses. The service can handle four calls at
#   once.
# - **reports**: Five flows on three machines run tasks, each of which is one query. The database can handle three
#   queries at a time. Each task has a timeout, which mustn't run out while the task waits.
# - **licence**: Tasks of several flows compute for an hour. Each needs one of our two licences, but only in its last
#   minute.
# - **partner**: All our flows call a partner, who charges extra above ten calls a second, however long a call takes.
# - **backfill**: A pool runs many deployments. Several of them do the backfill: only one of their flow runs may run at
#   a time, and the pool's other flow runs mustn't wait for it.
# - **stocktake**: A flow is scheduled every hour. If its last run is still going, the new one should be dropped.


# %% tags=["exercise-7.2"]
def choose():
    # >>> your code
    return {
        "script": "task runner",
        "reports": "tag limit",
        "licence": "concurrency",
        "partner": "rate limit",
        "backfill": "work queue",
        "stocktake": "deployment",
    }
    # --- stub
    # # each one of: "task runner", "tag limit", "concurrency", "rate limit",
    # # "work pool", "work queue", "deployment"
    # raise NotImplementedError("7.2: fill in the six limits, and delete this line")
    # return {
    #     "script": "",
    #     "reports": "",
    #     "licence": "",
    #     "partner": "",
    #     "backfill": "",
    #     "stocktake": "",
    # }
    # <<< your code


# %%
check("7.2", choose)

# %%
# hint("7.2", 1)

# %%
# hint("7.2", 2)

# %%
# hint("7.2", 3)

# %%
# solution("7.2")

# %% [markdown]
# ## Three lines to remember
#
# 1. Ask what a limit counts: threads, task runs, `with` blocks, starts or flow runs.
# 2. A task runner's limit belongs to one flow run; the server keeps all the others.
# 3. A limit on flow runs doesn't protect a database: inside each, all tasks may run at once.
#
# Prefect's documentation: [global concurrency limits](https://docs.prefect.io/v3/concepts/global-concurrency-limits) ·
# [work pools](https://docs.prefect.io/v3/concepts/work-pools) ·
# [deployments](https://docs.prefect.io/v3/concepts/deployments). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(7)

# %% [markdown]
# Next: [08 · Async and child flows](08_async_and_child_flows.ipynb). How do whole flows run side by side? My solutions
# to this lesson are in [solutions/07_which_limit_when.ipynb](../solutions/07_which_limit_when.ipynb).
