# %% [markdown]
# # 03 · A limit that the server holds
#
# My database bears three queries at a time, whoever asks. After this lesson a tag and a limit see to that over all
# flows and processes; you can change the limit without touching code, and you know what it costs.
#
# **40 minutes** · four exercises · you need lesson 02.

# %%
from workbook import check, hint, observe, progress_report, server

server.ensure()

# %% tags=["setup"]
from prefect import flow, task, unmapped

from workbook.work import ask

# %% [markdown]
# ## A tag, and a limit on it
#
# Two things, in two places. In the code a task carries a tag. On the server there is a limit on that tag: how many task
# runs that carry it may run at once. `limits.ensure_limit` creates it, or changes it.

# %%
from workbook import limits


@task(tags=["database"], task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def nightly(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


limits.ensure_limit("database", 3)

# %% [markdown]
# Nine queries, submitted all at once as in lesson 02. What will the picture be? The pale part of a bar is the wait for
# a slot.

# %%
prediction = (None, None)  # seconds, at most at once
seen = observe(nightly, range(9), 0.5)
seen.plot(limit=3, prediction=prediction)

# %% tags=["nbval-check-output"]
print(len(seen.timeline), "queries,", len(seen.result), "results ·", seen.state.name)
print("never more than 3 at once:", seen.timeline.peak <= 3)

# %% [markdown]
# <details><summary>What does a task run do while it waits?</summary>
#
# It is Pending, and it keeps a thread of the task runner: it asks the server again and again until a slot is free. A
# slot is given to whoever asks first, so the order of starts need not be the order of submission.
# </details>
#
# ## Another limit, the same code
#
# The flow knows nothing of the number. I set it to 5 on the server and run the very same function.

# %%
prediction = (None, None)  # seconds, at most at once
limits.ensure_limit("database", 5)
wider = observe(nightly, range(9), 0.5)
limits.ensure_limit("database", 3)
wider.plot(limit=5, prediction=prediction)

# %% tags=["nbval-check-output"]
print("more than 5 at once:", wider.timeline.peak > 5)
print("the same answers:", wider.result == seen.result)
print("the limit is", limits.read_limit("database").slots, "again")

# %% [markdown]
# ## Two flows, one limit
#
# Now the point of it. Two flows run at the same time, each submits six queries, and neither knows of the other. How
# many queries does the database see at once?

# %%
from concurrent.futures import ThreadPoolExecutor

from workbook.timeline import Timeline

prediction = (None, None)  # seconds, at most at once
with ThreadPoolExecutor() as both:
    one, other = both.map(lambda part: observe(nightly, part, 0.4), (range(6), range(6, 12)))

together = Timeline(one.timeline.spans + other.timeline.spans)

# %%
from workbook.plots import comparison, picture

picture(together, limit=3, prediction=prediction)

# %% tags=["nbval-check-output"]
print(len(together), "queries of two flows, never more than the limit:", together.peak <= 3)

# %% [markdown]
# ## A limit is no scheduler
#
# A pool of three workers also lets three run at once, in *one* process. The server's limit does more, and it costs
# more: see what happens between the end of one bar and the start of the next. Which of the two is done first?

# %%
from flows import pitfalls

prediction = (None, None)  # seconds: under the tag limit, in the pool

limited, pooled = (
    observe(run) for run in (pitfalls.limit_as_pool_wrong, pitfalls.limit_as_pool_right)
)
comparison(
    {"tag limit": limited.timeline, "pool of three": pooled.timeline},
    {"tag limit": 3, "pool of three": 3},
)

# %%
for name, run in (("tag limit", limited), ("pool of three", pooled)):
    print(f"{name}: {run.timeline.ratio(3):.2f} times its ideal")
print("predicted, in seconds:", prediction)

# %% [markdown]
# Where did the time go? The diagnosis adds up what passed at each hand-over of a slot, from one task run to the next
# that was waiting for it.

# %%
from workbook.diagnosis import explain

print(explain(limited.timeline, limit=3))

# %% [markdown]
# <details><summary>When do you want which?</summary>
#
# Inside one flow, for speed: `ThreadPoolTaskRunner(max_workers=3)`. Over several flows, processes or machines, for
# safety: the limit. Both together do no harm. The shorter the tasks, the more a hand-over of slots counts.
# </details>
#
# ## The tag that is nearly right
#
# A tag without a limit is only a word. Nothing complains: the tasks run, the results are right, and the database gets
# them all at once.

# %%
prediction = (None, None)  # at most at once: with the typo, without it
typo, right = (observe(run) for run in (pitfalls.tag_typo_wrong, pitfalls.tag_typo_right))
comparison(
    {"nearly the tag": typo.timeline, "the tag": right.timeline},
    {"nearly the tag": 2, "the tag": 2},
)

# %% tags=["nbval-check-output"]
print("nearly the tag, above the limit:", typo.timeline.peak > 2, "·", typo.state.name)
print("the tag, above the limit:", right.timeline.peak > 2)

# %% [markdown]
# ## The limit that comes too late
#
# A client that has found no limit on a tag remembers that for a few seconds. Who creates the limit in between, and
# then looks, sees it ignored. Create limits before anything runs: that is what `scripts/setup_concurrency_limit.py`
# is for. Both flows below create a limit of 2.

# %%
prediction = (None, None)  # at most at once: created too late, created before
late, early = (
    observe(run) for run in (pitfalls.limit_too_late_wrong, pitfalls.limit_too_late_right)
)
comparison({"too late": late.timeline, "before": early.timeline}, {"too late": 2, "before": 2})

# %% tags=["nbval-check-output"]
print("created too late, above the limit:", late.timeline.peak > 2, "·", late.state.name)
print("created before, above the limit:", early.timeline.peak > 2)

# %% [markdown]
# The diagnosis knows both mistakes by their pictures:

# %%
for mistake in (typo, late):
    print(explain(mistake.timeline, limit=2), end="\n\n")

# %% [markdown]
# ### Exercise 3.1 · As many at a time as the server allows
#
# Write `three_at_a_time(indexes, seconds)`: each query in a task run with the tag `database`, rows in the order of
# `indexes`. The grader sets the limit, and changes it.


# %% tags=["exercise-3.1"]
@task(tags=["database"])
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    # >>> your code
    futures = [limited_query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
    # <<< your code


# %%
check("3.1", three_at_a_time)

# %%
# hint("3.1", 1)

# %%
# hint("3.1", 2)

# %%
# hint("3.1", 3)

# %% [markdown]
# ### Exercise 3.2 · A limit that is there
#
# Write the function `ensure_limit(tag, slots)`: after it the limit is `slots`, whether there was none, this one, or
# another. Who holds a slot meanwhile keeps it.

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

# %% [markdown]
# ### Exercise 3.3 · Two resources, two limits, one flow
#
# `two_resources(queries, calls, seconds)`: numbers of `queries` under the tag `warehouse`, numbers of `calls` under
# the tag `partner`, both kinds at the same time. Return `[rows of the queries, rows of the calls]`.


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

# %% [markdown]
# ### Exercise 3.4 · Two processes share one limit
#
# `shared(indexes, seconds)` will run in two processes at once. Whatever you do inside one of them the other cannot
# see; together they must obey the limit on `database`.


# %% tags=["exercise-3.4"]
@flow
def shared(indexes, seconds):
    # >>> your code
    limited = task(ask, tags=["database"])
    futures = [limited.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
    # <<< your code


# %%
check("3.4", shared)

# %%
# hint("3.4", 1)

# %%
# hint("3.4", 2)

# %%
# hint("3.4", 3)

# %% [markdown]
# ## What next?

# %%
progress_report(3)

# %% [markdown]
# My solution is in [solutions/03_server_side_limit.ipynb](../solutions/03_server_side_limit.ipynb). On to
# [04 · Batches](04_batches.ipynb): what if *you* want to say when the next three begin?
