# %% [markdown]
# # 08 · Async and child flows
#
# In this lesson you write async tasks, find out why some of them still run one after another, and run several flows at
# the same time inside one parent flow.
#
# **45 minutes** · two exercises · you need [07 · Which limit when](07_which_limit_when.ipynb)

# %%
from workbook import check, hint, live, observe, predict, progress_report, server, solution

server.ensure()

# %% [markdown]
# ## Await a task
#
# `ask` is a *blocking* call: nothing else happens in its thread until the database answers. `asyncio.to_thread` moves
# the call to another thread. In an `async def` function, `await` waits for the answer, and lets other async functions
# run in the meantime.

# %% tags=["setup"]
import asyncio

from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


# %%
@flow
async def awaited_in_turn(indexes, seconds):
    return [await query(index, seconds) for index in indexes]


# %% [markdown]
# In a notebook you can `await` an async flow: Jupyter already runs an *event loop*, in which all async functions take
# turns in one thread. (`observe` needs no `await`.) In a script you write `asyncio.run(awaited_in_turn(range(2),
# 0.5))`.

# %%
answers = await awaited_in_turn(range(2), 0.5)
observe(awaited_in_turn, range(2), 0.5).plot()

# %% [markdown]
# ## Gather
#
# `awaited_in_turn` starts each query only when the one before has ended. Without `await`, calling an async function
# gives you a *coroutine*: a call that hasn't started yet. `asyncio.gather` starts all coroutines, waits for all, and
# returns their results in the order in which you passed them. Five queries of one second: how long, and how many at
# once?


# %%
@flow
async def gathered(indexes, seconds):
    return await asyncio.gather(*(query(index, seconds) for index in indexes))


# %% tags=["guess"]
guess = predict("gather", seconds=1, at_once=5)

# %%
free = observe(gathered, range(5), 1, live=live(prediction=guess))

# %%
guess.compare(free)

# %% [markdown]
# ## A blocking call in an async task
#
# The next task is also `async def`, called in a `gather` too. Only `asyncio.to_thread` is missing. How long will the
# five queries take now, and how many will run at once?


# %%
@task(task_run_name="query-{index}")
async def blocking_query(index, seconds):
    return ask(index, seconds)


@flow
async def gathered_but_blocking(indexes, seconds):
    return await asyncio.gather(*(blocking_query(index, seconds) for index in indexes))


# %% tags=["guess"]
guess = predict("a blocking call", seconds=5, at_once=5)

# %%
blocked = observe(gathered_but_blocking, range(5), 1, live=live(prediction=guess))

# %%
guess.compare(blocked)

# %% tags=["nbval-check-output"]
print("blocking, at most", blocked.timeline.peak, "at once")
print("the same answers:", blocked.result == free.result)

# %% [markdown]
# All coroutines share one thread. A coroutine lets the others run only at an `await` that really waits, and
# `blocking_query` has none. Nothing warns you: the rows are right and the flow is Completed. Only the timeline shows
# it.
#
# <details><summary>What if I submit the blocking task?</summary>
#
# Then it doesn't block the others: `submit` runs every async task in its own thread.
# </details>
#
# <details><summary>How many threads does <code>asyncio.to_thread</code> have?</summary>
#
# As many as your machine has processors, plus four, and never more than 32. The rest of the calls wait, while their
# task runs are already Running.
# </details>

# %% [markdown]
# ## Is async worth it?
#
# `asyncio.sleep` stands in for a database driver that is async itself. Twenty task runs wait, first gathered, then
# submitted. In how many threads do they wait each time?

# %%
import threading


@task
async def wait_in_thread(seconds):
    await asyncio.sleep(seconds)
    return threading.get_ident()


@flow
async def threads_of_both(count, seconds):
    gathered = await asyncio.gather(*(wait_in_thread(seconds) for _ in range(count)))
    submitted = [wait_in_thread.submit(seconds) for _ in range(count)]
    return len(set(gathered)), len({future.result() for future in submitted})


# %% tags=["guess"]
guess = predict("threads", gathered=1, submitted=20)

# %%
both = observe(threads_of_both, 20, 1)
guess.compare(gathered=both.result[0], submitted=both.result[1])

# %% [markdown]
# Gathered tasks share the event loop's thread; each submitted one needs its own.
#
# | You have | Use |
# |---|---|
# | blocking calls, a few dozen at once | plain tasks and `submit` |
# | an async driver, and many calls at once | async tasks and `gather` |
# | one blocking call among async tasks | `asyncio.to_thread` |
# | calculations that keep a processor busy | neither async nor threads, but processes (lesson 10) |
#
# A task runner holds back only tasks that you submit. For awaited tasks, set a tag limit.

# %% [markdown]
# ## A coroutine that nobody awaits
#
# A plain flow calls the async task and forgets that it's async. In which state will the flow run end (`"Completed"`
# or `"Failed"`), and how many queries will run at once?


# %%
@flow
def not_awaited(indexes, seconds):
    for index in indexes:
        query(index, seconds)


# %% tags=["guess"]
guess = predict("a coroutine not awaited", state="Failed", at_once=1)

# %%
nothing = observe(not_awaited, range(3), 0.5)

# %%
guess.compare(nothing)

# %% tags=["nbval-check-output"]
print(nothing.state.name, "·", len(nothing.timeline), "task runs")

# %% [markdown]
# Calling an async task only makes a coroutine; `await` runs it. The only hint is a warning from Python (my solutions
# don't show it): `RuntimeWarning: coroutine 'run_task_async' was never awaited`.

# %% [markdown]
# ### Exercise 8.1 · Free the event loop
#
# `row_counts` returns the number of rows of each query, in the order of `indexes`. Despite `gather`, its queries run
# one after another. Fix it so that all of them run at the same time, each in its own task run. Delete the `raise` line
# too.


# %% tags=["exercise-8.1"]
# >>> your code
async def fetch(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    rows = await fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))


# --- stub
# async def fetch(index, seconds):
#     return ask(index, seconds)
#
#
# @task(task_run_name="count-{index}")
# async def count_rows(index, seconds):
#     rows = await fetch(index, seconds)
#     return len(rows)
#
#
# @flow
# async def row_counts(indexes, seconds):
#     raise NotImplementedError("8.1: fix this code, then delete this line")
#     return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
# <<< your code


# %%
check("8.1", row_counts)

# %%
# hint("8.1", 1)

# %%
# hint("8.1", 2)

# %%
# hint("8.1", 3)

# %%
# solution("8.1")

# %% [markdown]
# ## Child flows
#
# A flow called by another is a *child flow* or *subflow*, with its own state, parameters, retries, task runner and page
# in the web UI. I run one report per region, each as a child flow. The queries of a report run one after another.


# %%
@flow(flow_run_name="{region}")
async def report(region, indexes, seconds):
    return [await query(index, seconds) for index in indexes]


regions = {"north": [0, 1], "south": [2, 3], "west": [4, 5]}

# %% [markdown]
# A parent can await each child in turn, or gather them, just like tasks. How many queries run at once in each of these
# two parents?


# %%
@flow
async def children_in_turn(regions, seconds):
    return [await report(region, indexes, seconds) for region, indexes in regions.items()]


@flow
async def children_at_once(regions, seconds):
    return await asyncio.gather(*(report(name, regions[name], seconds) for name in regions))


# %% tags=["guess"]
guess = predict("child flows", at_once_in_turn=1, at_once_gathered=3)

# %%
in_turn = observe(children_in_turn, regions, 1)
at_once = observe(children_at_once, regions, 1)
guess.compare(at_once_in_turn=in_turn.timeline.peak, at_once_gathered=at_once.timeline.peak)

# %% [markdown]
# In the next figure, child flows have hollow bars, and `colour="flow"` gives the task runs of each child a colour. The
# curve counts only task runs.

# %%
from workbook.plots import picture

picture(at_once.timeline, colour="flow")

# %% tags=["nbval-check-output"]
print(
    "child flow runs:", len(at_once.timeline.around.children), "· task runs:", len(at_once.timeline)
)
print("the parent that awaits in turn: at most", in_turn.timeline.peak, "at once")
print("the same answers:", in_turn.result == at_once.result)

# %% [markdown]
# <details><summary>Can plain <code>def</code> child flows run at once too?</summary>
#
# Yes. A flow has no `submit`, so use `asyncio.to_thread(child, …)` in `gather`, as below. Threads that you start
# yourself don't know the parent: the runs appear in the web UI, but not as its children.
# </details>

# %% [markdown]
# ## A thread pool belongs to one flow run
#
# I want at most three queries at once in total. Two child flows run at the same time, each with its own pool of three
# threads. How many queries will run at once?


# %%
@flow(flow_run_name="{region}", task_runner=ThreadPoolTaskRunner(max_workers=3))
def pooled_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@flow
async def two_pools(seconds):
    return await asyncio.gather(
        asyncio.to_thread(pooled_report, "north", range(0, 6), seconds),
        asyncio.to_thread(pooled_report, "south", range(6, 12), seconds),
    )


# %% tags=["guess"]
guess = predict("two pools", at_once=6)

# %%
pools = observe(two_pools, 1)
picture(
    pools.timeline,
    colour="flow",
    prediction=guess,
    title=f"Two pools of three: {pools.timeline.peak} at once",
)

# %%
guess.compare(pools)

# %% [markdown]
# A thread pool belongs to one flow run. To limit all children together, use a tag limit, as in [lesson
# 03](03_server_side_limits.ipynb):

# %%
# !prefect gcl create tag:reports --limit 3


# %%
@flow(flow_run_name="{region}")
async def tagged_report(region, indexes, seconds):
    tagged = query.with_options(tags=["reports"])
    return await asyncio.gather(*(tagged(index, seconds) for index in indexes))


@flow
async def two_tagged(seconds):
    north = tagged_report("north", range(0, 6), seconds)
    south = tagged_report("south", range(6, 12), seconds)
    return await asyncio.gather(north, south)


# %%
tagged = observe(two_tagged, 0.5)
picture(tagged.timeline, limit=3, colour="flow")

# %% tags=["nbval-check-output"]
print("with the tag, never more than 3 at once:", tagged.timeline.peak <= 3)
print("with the pools, never more than 3 at once:", pools.timeline.peak <= 3)

# %% [markdown]
# ## One child fails
#
# There is no query 99, so the southern report fails right away. The northern one needs two seconds. Which states will
# the server show for the parent and for the northern report: `"Completed"`, `"Failed"`, `"Crashed"` or `"Running"`?


# %%
@flow
async def one_child_fails(seconds):
    return await asyncio.gather(
        report("north", [0, 1], seconds),
        report("south", [99], seconds),
    )


# %% tags=["guess"]
guess = predict("one child fails", state_parent="Failed", state_north="Completed")

# %%
failed = observe(one_child_fails, 1)
states = {child.name: child.state.title() for child in failed.timeline.around.children}
guess.compare(state_parent=failed.state.name, state_north=states["north"])

# %% tags=["nbval-check-output"]
print("parent:", failed.state.name, "· south:", states["south"], "· north:", states["north"])

# %% [markdown]
# `gather` passes the first error on immediately. The parent fails and closes its server connection, which its children
# share. So the northern report can't record its end: on the server it stays Running.
#
# `gather(…, return_exceptions=True)` waits for all and puts each error in its place in the list. Then it's up to you to
# raise one.

# %% [markdown]
# ### Exercise 8.2 · One report per region
#
# `regions` maps a region's name to its queries. Write `all_reports(regions, seconds)`: it runs the child flow
# `region_report` once for each region, all at the same time, and returns `{region: rows}`.
#
# If some children fail, all others should still finish. Then the parent should fail, with an error that names every
# region whose report failed, and no others. Leave `region_report` as it is: a plain flow.


# %% tags=["exercise-8.2"]
@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@flow
async def all_reports(regions, seconds):
    # >>> your code
    children = [
        asyncio.to_thread(region_report, region, indexes, seconds)
        for region, indexes in regions.items()
    ]
    found = await asyncio.gather(*children, return_exceptions=True)
    reports = dict(zip(regions, found))
    lost = [region for region, rows in reports.items() if isinstance(rows, Exception)]
    if lost:
        raise RuntimeError(f"No report from {', '.join(lost)}")
    return reports
    # <<< your code


# %%
check("8.2", all_reports)

# %%
# hint("8.2", 1)

# %%
# hint("8.2", 2)

# %%
# hint("8.2", 3)

# %%
# solution("8.2")

# %% [markdown]
# ## Children on other machines
#
# All these children ran in this notebook's process. `run_deployment` asks the server for a flow run that a *worker*
# starts, perhaps on another machine. The flow must be deployed from a file, to a work pool:

# %%
folder = server.home() / "lesson-08"
folder.mkdir(parents=True, exist_ok=True)

# %%
# %%writefile {folder}/nightly.py
from prefect import flow


@flow
def nightly(region: str):
    return f"the report from {region}"


# %%
# !prefect work-pool create lesson-08 --type process --overwrite
# output = !cd {folder} && prefect --no-prompt deploy nightly.py:nightly --name remote --pool lesson-08

# %% [markdown]
# With `timeout=0`, `run_deployment` doesn't wait for the child. No worker is running. In which states will the parent
# and its children be: `"Scheduled"`, `"Pending"`, `"Running"` or `"Completed"`?

# %%
from prefect.deployments import run_deployment


@flow
def send_out(regions):
    for region in regions:
        run_deployment("nightly/remote", parameters={"region": region}, timeout=0)


# %% tags=["guess"]
guess = predict("run_deployment", state_parent="Completed", state_children="Running")

# %%
sent = observe(send_out, ["north", "south"])
states = {child.state.title() for child in sent.timeline.around.children}
guess.compare(state_parent=sent.state.name, state_children=", ".join(states))

# %% tags=["nbval-check-output"]
print("parent:", sent.state.name, "·", len(sent.timeline.around.children), "children:", *states)

# %% [markdown]
# - Without `timeout=0`, the parent waits until a worker has finished the run.
# - In an async flow, `await run_deployment(…)`, or gather several such calls.
# - If a child fails, `run_deployment` raises nothing: look at the `.state` of the flow run that it returns.
# - `as_subflow=False` makes a flow run that isn't a child.
#
# In [lesson 10](10_deploy.ipynb) you start a worker for such runs. Now remove what I created:

# %%
# !prefect --no-prompt deployment delete nightly/remote
# !prefect --no-prompt work-pool delete lesson-08
# !prefect --no-prompt gcl delete tag:reports

# %% [markdown]
# ## Error messages and their causes
#
# Prefect knows from the *context* which run a piece of code belongs to. A thread that you start yourself has none.
# `asyncio.to_thread` passes it on; in your own pool, use `pool.submit(contextvars.copy_context().run, …)`. Without it,
# you get this error:

# %% tags=["nbval-check-output"]
from concurrent.futures import ThreadPoolExecutor

from prefect import get_run_logger


@flow
def own_thread():
    with ThreadPoolExecutor() as pool:
        return pool.submit(get_run_logger).result()


lost = observe(own_thread)
print(f"{type(lost.error).__name__}: {lost.error}")

# %% [markdown]
# Other messages, each with its cause:
#
# - `Unable to determine task runner to use for submission`: you called `submit` outside of a flow.
# - `object PrefectConcurrentFuture can't be used in 'await' expression`: you wrote `await task.submit(…)`. Await the
#   task itself, `await task(…)`, or call `.result()`.
# - `unhashable type: 'list'`, in `gather`: you called a plain task or flow there, so it ran before `gather` began. Use
#   `asyncio.to_thread`.
# - `Cannot send a request, as the client has been closed`: a parent ended before its child flow, as above.
# - `asyncio.run() cannot be called from a running event loop`: you are in a notebook. Use `await`.
# - `A future was garbage collected before it resolved` (before Prefect 3.9.1): your code never waited for it. Newer
#   versions print no message, but a failure is still lost, as in [lesson 05](05_futures_and_failures.ipynb).

# %% [markdown]
# ## Three lines to remember
#
# 1. `await` waits, `gather` runs tasks at the same time, and a blocking call stops them all: use `asyncio.to_thread`.
# 2. A task runner belongs to one flow run; a tag limit holds for all child flows.
# 3. With `return_exceptions=True`, no child flow is cut off when another one fails.
#
# Prefect's documentation: [flows](https://docs.prefect.io/v3/concepts/flows) · [run work
# concurrently](https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently) · [run
# deployments](https://docs.prefect.io/v3/how-to-guides/deployments/run-deployments). For quick reference: the [cheat
# sheet](../docs/cheat_sheet.md) and the [glossary](../docs/glossary.md).

# %%
progress_report(8)

# %% [markdown]
# Next: [09 · Production ETL](09_production_etl.ipynb). Retries, caching and cleanup in one flow. My solutions to this
# lesson are in [solutions/08_async_and_child_flows.ipynb](../solutions/08_async_and_child_flows.ipynb).
