# %% [markdown]
# # 03 · Server-side limits
#
# My database can handle three queries at a time, across all clients. In this lesson you let the Prefect server enforce
# that limit, change it while a flow runs, and see what it costs.
#
# **45 minutes** · four exercises · you need [02 · Parallel](02_parallel.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

server.ensure()

# %% [markdown]
# ## A tag and a limit
#
# A server-side limit has two halves. In the code, a task has a *tag*. On the server, that tag has a *limit*: how many
# task runs with the tag may run at once. Here is the first half.

# %% tags=["setup"]
from prefect import flow, task, unmapped

from workbook.work import ask


@task(tags=["database"], task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


# %%
@flow
def nightly(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# %% [markdown]
# The second half is one command. Prefect keeps the limit of a tag among its *global concurrency limits* (`gcl`), under
# the tag's name with `tag:` in front.

# %%
# !prefect gcl create tag:database --limit 3

# %% [markdown]
# If `create` says that the limit exists, that's fine. `create` never changes a limit; `update` does:

# %%
# !prefect gcl update tag:database --limit 3

# %% [markdown]
# Nine queries of 0.5 s, all submitted at once. How long will they take, and how many will run at once?

# %% tags=["guess"]
guess = predict("a limit of three", seconds=1.5, at_once=3)

# %%
limited = observe(nightly, range(9), 0.5, live=live(limit=3, prediction=guess))

# %%
guess.compare(limited)

# %% [markdown]
# A limit of three has three *slots*. Each task run has to *acquire* one before it starts, and *releases* it when it
# ends. The grey part before a bar is its wait; even a free slot takes a moment to get. The *ideal* is the length of all
# bars together, divided by three slots.

# %% tags=["nbval-check-output"]
print(len(limited.result), "results,", limited.state.name)
print("more than 3 at once:", limited.timeline.peak > 3)

# %% [markdown]
# <details><summary>What does a task run do while it waits?</summary>
#
# It stays Pending (not started yet) and occupies a thread of the task runner. In a process, all waiting task runs with
# the same tags stand in one queue, not quite in the order of submission, and only the first asks the server for a slot.
# </details>

# %% [markdown]
# `inspect` shows the limit. `active_slots` is how many of its slots are taken right now.

# %%
# !prefect gcl inspect tag:database

# %% [markdown]
# ## Change the limit while a flow runs
#
# The limit isn't in the flow's code, so you don't have to change or restart the flow. One of the workbook's scripts
# creates or updates a limit. I lower ours to 2:

# %%
# !python ../scripts/setup_concurrency_limit.py --tag database --limit 2

# %% [markdown]
# From Python, use Prefect's client:

# %%
from threading import Timer

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def set_limit(slots):
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(
            "tag:database", GlobalConcurrencyLimitUpdate(limit=slots)
        )


# %% [markdown]
# Now 16 queries of 0.5 s start under the limit of 2. After two seconds, a timer raises it to 6. How many queries will
# run at once, at most?

# %% tags=["guess"]
guess = predict("a limit raised half-way", at_once=6)

# %%
Timer(2, set_limit, [6]).start()
raised = observe(nightly, range(16), 0.5, live=live(prediction=guess))

# %%
guess.compare(raised)

# %% [markdown]
# Back to 3. If a limit is lowered, task runs keep the slots that they hold.

# %%
set_limit(3)

# %% [markdown]
# ## Two flows, one limit
#
# A limit belongs to the tag, not to a task or a flow. This flow has its own task with the same tag:


# %%
@task(tags=["database"], task_run_name="count-{index}")
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
def report(indexes, seconds):
    return sum(count_rows.map(indexes, unmapped(seconds)).result())


# %% [markdown]
# `nightly` and `report` run at once, in a thread each, with six queries each. How many queries will the database get at
# once?

# %% tags=["guess"]
guess = predict("two flows, one limit", at_once=3)

# %%
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor() as pool:
    one = pool.submit(observe, nightly, range(6), 0.5)
    other = pool.submit(observe, report, range(6, 12), 0.5)

# %% [markdown]
# `observe` gives each flow its own timeline. This helper puts all bars into one figure (you can skip its code):

# %%
from workbook.plots import comparison, picture
from workbook.timelines.timeline import Surroundings, Timeline


def together(**runs):
    spans = [span for run in runs.values() for span in run.timeline]
    names = {span.flow: name for name, run in runs.items() for span in run.timeline}
    return Timeline(tuple(spans), around=Surroundings(flows=names))


both = together(nightly=one.result(), report=other.result())
picture(both, limit=3, colour="flow", prediction=guess)

# %%
guess.compare(at_once=both.peak)

# %% tags=["nbval-check-output"]
print(len(both), "queries of two flows, more than 3 at once:", both.peak > 3)

# %% [markdown]
# ## Two processes, one limit
#
# The server holds the limit, so the flows needn't share a process or machine. Here is a program; it uses this
# notebook's server:

# %%
program = """
from prefect import flow, runtime, task
from workbook.work import ask

@task(tags=["database"], task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)

@flow
def report():
    print(runtime.flow_run.id, flush=True)
    futures = [query.submit(index, 1.0) for index in range(8)]
    return [future.result() for future in futures]

report()
"""

# %% [markdown]
# I start it in another process. It prints its run's id, so that `observe_run` finds its records. `nightly` runs here.

# %%
import subprocess
import sys

from workbook import observe_run

other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
run_id = other.stdout.readline().strip()
here = observe(nightly, range(8, 14), 1.0)
other.communicate()
both = together(here=here, another_process=observe_run(run_id))
picture(both, limit=3, colour="flow")

# %% tags=["nbval-check-output"]
print(len(both), "queries of two processes, more than 3 at once:", both.peak > 3)

# %% [markdown]
# ## What a limit costs
#
# For a single flow run there's a simpler way: a task runner with three threads.

# %%
from prefect.task_runners import ThreadPoolTaskRunner


@task(task_run_name="query-{index}")
def query_without_tag(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def nightly_in_a_pool(indexes, seconds):
    futures = [query_without_tag.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# %% [markdown]
# The nine queries of the first run: how long will they take now, and how many at once?

# %% tags=["guess"]
guess = predict("a pool of three threads", seconds=1.6, at_once=3)

# %%
pooled = observe(nightly_in_a_pool, range(9), 0.5)
comparison({"limit": limited.timeline, "pool": pooled.timeline}, {"limit": 3, "pool": 3})

# %%
guess.compare(pooled)

# %% [markdown]
# Look at the gaps between the bars of the upper run. Each is a *hand-over*: one task run releases its slot, and a
# waiting one acquires it the next time it asks. The shorter the queries, the larger the part of the run that hand-overs
# take. For a run of shorter queries, `explain` adds up how long slots were empty, in *slot-seconds*: slots times
# seconds. (What it says about tasks that you await is for lesson 08.)

# %%
from workbook.diagnosis import explain

short = observe(nightly, range(9), 0.2)
explain(short.timeline, limit=3)

# %% [markdown]
# On this server, a hand-over takes as long for a short task as for a long one. So it hardly matters for queries of
# minutes, but it does for tenths of a second.
#
# <details><summary>Which one should I use?</summary>
#
# Use `ThreadPoolTaskRunner(max_workers=…)` to limit one flow run only: its hand-overs are quicker. Use a limit to
# protect the database from all flows on all machines. Lesson 07 compares all the ways to limit tasks.
# </details>
#
# <details><summary>Are hand-overs as quick on my own server?</summary>
#
# No. A server setting caps how long a waiting task run pauses before it asks again:
# `PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS`. The workbook's server sets it to 0.1 seconds; Prefect's
# default is 10.
# </details>

# %% [markdown]
# ## Try it yourself
#
# In the [playground](../notebooks/playground.ipynb) you choose a pattern, a limit and durations, and see the real run
# drawn over the ideal schedule.

# %% [markdown]
# ### Exercise 3.1 · As many at a time as the server allows
#
# A colleague's flow runs three queries at a time, in a thread pool. Fix it so that the server's limit on the tag
# `database` decides instead, whether it's 2 or 5. The flow returns the rows in the order of `indexes`.


# %% tags=["exercise-3.1"]
# >>> your code
@task(tags=["database"])
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    return limited_query.map(indexes, unmapped(seconds)).result()


# --- stub
# from prefect.task_runners import ThreadPoolTaskRunner
#
#
# @task
# def limited_query(index, seconds):
#     return ask(index, seconds)
#
#
# @flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
# def three_at_a_time(indexes, seconds):
#     raise NotImplementedError("3.1: fix this flow, then delete this line")
#     return limited_query.map(indexes, unmapped(seconds)).result()
# <<< your code


# %%
check("3.1", three_at_a_time)

# %%
# hint("3.1", 1)

# %%
# hint("3.1", 2)

# %%
# hint("3.1", 3)

# %%
# solution("3.1")

# %% [markdown]
# ### Exercise 3.2 · Create or update a limit
#
# Write the function `ensure_limit(tag, slots)`. It sets the limit on `tag` to `slots`, whether the tag had no limit
# before, the same one, or another. Task runs that hold a slot must keep it.

# %% tags=["exercise-3.2"]
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.exceptions import ObjectAlreadyExists


def ensure_limit(tag, slots):
    # >>> your code
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(
                GlobalConcurrencyLimitCreate(name=name, limit=slots)
            )
        except ObjectAlreadyExists:
            client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=slots))
    # <<< your code


# %%
check("3.2", ensure_limit)

# %%
# hint("3.2", 1)

# %%
# hint("3.2", 2)

# %%
# hint("3.2", 3)

# %%
# solution("3.2")

# %% [markdown]
# ### Exercise 3.3 · Two resources, two limits, one flow
#
# Imagine two services: `queries` go to your warehouse, `calls` to a partner. Use the task `asks` for both. Write the
# flow `two_resources(queries, calls, seconds)`, which runs both lists of query numbers at the same time: `queries` with
# the tag `warehouse`, `calls` with the tag `partner`. (`asks.with_options(tags=[…])` makes a tagged copy.) The check
# sets the limits. Return `[[rows of each query], [rows of each call]]`.


# %% tags=["exercise-3.3"]
@task
def asks(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    # >>> your code
    asked = asks.with_options(tags=["warehouse"]).map(queries, unmapped(seconds))
    called = asks.with_options(tags=["partner"]).map(calls, unmapped(seconds))
    return [asked.result(), called.result()]
    # <<< your code


# %%
check("3.3", two_resources)

# %%
# hint("3.3", 1)

# %%
# hint("3.3", 2)

# %%
# hint("3.3", 3)

# %%
# solution("3.3")

# %% [markdown]
# ### Exercise 3.4 · When does each task start?
#
# Write the function `schedule(durations, limit)`. `durations` has the seconds that each task takes. All are submitted
# at second 0 and start in the order of the list, each as soon as one of `limit` slots is free. Hand-overs take no time
# here. Return the list of start times in seconds.

# %% tags=["exercise-3.4"]
import heapq


def schedule(durations, limit):
    # >>> your code
    free, starts = [0] * limit, []
    for seconds in durations:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, starts[-1] + seconds)
    return starts
    # <<< your code


# %%
check("3.4", schedule)

# %%
# hint("3.4", 1)

# %%
# hint("3.4", 2)

# %%
# hint("3.4", 3)

# %%
# solution("3.4")

# %% [markdown]
# ## Three lines to remember
#
# 1. A tag in the code, a limit on the server: together they hold for all flows, processes and machines.
# 2. You can change the limit at any time, with `prefect gcl update tag:database --limit 5`.
# 3. Each hand-over of a slot takes time. To limit one flow run only, a task runner with few threads is quicker.
#
# Prefect's documentation: [tag-based limits](https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits) ·
# [global limits](https://docs.prefect.io/v3/concepts/global-concurrency-limits) · [task
# runners](https://docs.prefect.io/v3/concepts/task-runners). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(3)

# %% [markdown]
# Next: [04 · Batches](04_batches.ipynb). What if you want to do something between two groups of queries? My solutions
# to this lesson are in [solutions/03_server_side_limits.ipynb](../solutions/03_server_side_limits.ipynb).
